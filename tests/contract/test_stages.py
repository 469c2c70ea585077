"""What every module of `frlib.stages` promises."""

import json
from typing import Any

import pytest

from frlib.core import discover
from frlib.core.config import canonical, digest
from frlib.stages import Stage
from frlib.train.config import TrainConfig
from tests.unit.stages.runs import config

EVERY = discover.choices("frlib.stages")
STARTED = [name for name in EVERY if hasattr(discover.load("frlib.stages", name), "weights")]


def _module(name: str) -> Any:
    return discover.load("frlib.stages", name)


@pytest.mark.parametrize("name", EVERY)
def test_stage_when_listed_then_has_a_config_and_its_functions(name: str) -> None:
    module = _module(name)
    own = module.Config()
    assert isinstance(own, Stage) and own.name == name
    assert isinstance(module.inputs(own), tuple)
    assert callable(module.produce)


@pytest.mark.parametrize("name", EVERY)
def test_stage_when_asked_what_counts_then_is_plain_and_repeats(name: str) -> None:
    module, run = _module(name), config()
    own = module.Config()
    for told in (module.identity(own, run), module.counted(own, run)):
        assert json.loads(canonical(told, places=False))
    assert digest(module.identity(own, run)) == digest(module.identity(own, config()))
    assert isinstance(module.view(own, run), TrainConfig)


@pytest.mark.parametrize("name", EVERY)
def test_stage_when_only_a_place_of_the_run_differs_then_is_the_same(name: str) -> None:
    module = _module(name)
    own, other = module.Config(), config(keep_checkpoints=7, log_every=9)
    assert digest(module.identity(own, other)) == digest(module.identity(own, config()))


@pytest.mark.parametrize("name", STARTED)
def test_stage_when_it_leaves_weights_then_a_run_may_start_from_it(name: str) -> None:
    run = config(stages={"before": name}, start={"stage": "before"})
    assert digest(run) != digest(config())
