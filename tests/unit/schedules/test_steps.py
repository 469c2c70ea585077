"""Rules that fall in steps: `step` against torch and `multi_step`, milestones of both kinds."""

import pytest
import torch
from torch.optim.lr_scheduler import StepLR

from frlib.core.errors import ConfigError
from frlib.schedules import multi_step, step

PER_EPOCH = 10
TOTAL = 60


def test_multi_step_when_epochs_and_steps_are_mixed_then_each_decays_once() -> None:
    config = multi_step.Config(milestones_epochs=(1, 2.5), milestones_steps=(40,), gamma=0.5)
    found = [multi_step.factor(n, TOTAL, PER_EPOCH, config) for n in range(TOTAL)]
    assert found == [1.0] * 10 + [0.5] * 15 + [0.25] * 15 + [0.125] * 20


def test_multi_step_when_counted_in_steps_then_the_length_of_an_epoch_is_irrelevant() -> None:
    config = multi_step.Config(milestones_epochs=(), milestones_steps=(1000,))
    for per_epoch in (1, 30, 4000):
        assert [multi_step.factor(n, 5000, per_epoch, config) for n in (999, 1000)] == [1, 0.1]


@pytest.mark.parametrize(
    "fields", [{"gamma": 0}, {"milestones_epochs": (-1,)}, {"milestone_epochs": (3,)}]
)
def test_multi_step_config_when_wrong_then_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(fields))):
        multi_step.Config.parse(fields)


def _step(**fields: object) -> list[float]:
    config = step.Config(**fields)
    return [step.factor(n, TOTAL, PER_EPOCH, config) for n in range(TOTAL)]


@pytest.mark.parametrize("period", [1, 7, 60, 100])
def test_step_when_counted_in_steps_then_is_that_of_torch(period: int) -> None:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    rule, expected = StepLR(optimiser, step_size=period, gamma=0.5), []
    for _ in range(TOTAL):
        expected.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        rule.step()
    assert _step(every_epochs=0, every_steps=period, gamma=0.5) == expected


@pytest.mark.parametrize("epochs", [1, 2.5, 6])
def test_step_when_milestones_are_equal_then_is_multi_step(epochs: float) -> None:
    milestones = tuple(epochs * k for k in range(1, 7))
    config = multi_step.Config(milestones_epochs=milestones, gamma=0.3)
    expected = [multi_step.factor(n, TOTAL, PER_EPOCH, config) for n in range(TOTAL)]
    assert _step(every_epochs=epochs, gamma=0.3) == expected


def test_step_when_past_the_end_then_stays_as_at_the_end() -> None:
    config = step.Config(every_epochs=2, gamma=0.5)
    found = [step.factor(n, TOTAL, PER_EPOCH, config) for n in (59, 60, 61, 600)]
    assert found == [0.25, 0.125, 0.125, 0.125]


def test_step_when_a_period_has_no_step_then_says_which_field_to_raise() -> None:
    with pytest.raises(ConfigError, match=r"schedule\.every_epochs=0\.01: .* 10 steps"):
        step.factor(0, TOTAL, PER_EPOCH, step.Config(every_epochs=0.01))


@pytest.mark.parametrize(
    "fields",
    [{"every_steps": 30}, {"every_epochs": 0}, {"gamma": 0}, {"milestones_epochs": (3,)}],
)
def test_step_config_when_wrong_then_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(fields))):
        step.Config.parse(fields)
