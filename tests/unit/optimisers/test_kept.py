"""What an optimiser says that it keeps is what it keeps."""

import pytest
import torch

from frlib.core import discover
from frlib.optimisers import Settings, groups, sgd


def _built(settings: Settings) -> set[str]:
    parameter = torch.nn.Parameter(torch.zeros(2, 2))
    module = discover.load("frlib.optimisers", settings.name)
    optimiser = module.build(settings, groups([("head.weight", parameter)], settings))
    return set(optimiser.state[parameter])


@pytest.mark.parametrize("name", discover.choices("frlib.optimisers"))
def test_kept_when_built_then_are_the_names_of_its_numbers(name: str) -> None:
    settings = discover.load("frlib.optimisers", name).Config()
    assert set(settings.kept) == _built(settings)


def test_kept_when_there_is_no_momentum_then_is_empty() -> None:
    assert sgd.Config(momentum=0.0).kept == () and _built(sgd.Config(momentum=0.0)) == set()
