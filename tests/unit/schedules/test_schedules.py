from types import ModuleType

import numpy as np
import pytest

from frlib.core.errors import ConfigError
from frlib.schedules import cosine, poly, step

PER_EPOCH = 10
TOTAL = 60
i = np.arange(TOTAL + 5, dtype=np.float64)


def _poly(**fields: object) -> np.ndarray:
    config = poly.Config(**fields)
    return np.array([poly.factor(n, TOTAL, PER_EPOCH, config) for n in range(TOTAL + 5)])


def _cosine(**fields: object) -> np.ndarray:
    config = cosine.Config(**fields)
    return np.array([cosine.factor(n, TOTAL, PER_EPOCH, config) for n in range(TOTAL + 5)])


@pytest.mark.parametrize("power", [1.0, 2.0, 0.5])
def test_poly_when_without_warmup_then_is_the_power_of_what_is_left(power: float) -> None:
    np.testing.assert_allclose(
        _poly(power=power), np.clip(1 - i / TOTAL, 0, None) ** power, rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize(("first", "at_zero"), [("ramp", 1 / 15), ("zero", 0.0), ("full", 1.0)])
def test_poly_when_warming_up_then_only_step_zero_follows_first(first: str, at_zero: float) -> None:
    found = _poly(warmup_epochs=1.5, power=2.0, first=first)
    expected = np.where(i < 15, i / 15, np.clip(1 - (i - 15) / (TOTAL - 15), 0, None) ** 2)
    expected[0] = at_zero
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_poly_when_there_is_no_warmup_then_first_says_nothing() -> None:
    assert _poly(first="zero").tolist() == _poly(first="full").tolist()


def test_cosine_when_it_has_a_floor_and_warmup_then_falls_from_one_to_the_floor() -> None:
    found = _cosine(final_ratio=0.2, warmup_epochs=1)
    done = np.clip((i - 10) / (TOTAL - 10), None, 1)
    expected = np.where(i < 10, i / 10, 0.2 + 0.4 * (1 + np.cos(np.pi * done)))
    expected[0] = 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("module", [poly, cosine])
@pytest.mark.parametrize("epochs", [6, 9])
def test_factor_when_warmup_fills_the_run_then_says_which_field_to_lower(
    module: ModuleType, epochs: float
) -> None:
    config = module.Config(warmup_epochs=epochs)
    with pytest.raises(ConfigError, match=r"schedule\.warmup_epochs=.*60 steps"):
        module.factor(0, TOTAL, PER_EPOCH, config)


def test_step_when_epochs_and_steps_are_mixed_then_each_decays_once() -> None:
    config = step.Config(milestones_epochs=(1, 2.5), milestones_steps=(40,), gamma=0.5)
    found = [step.factor(n, TOTAL, PER_EPOCH, config) for n in range(TOTAL)]
    assert found == [1.0] * 10 + [0.5] * 15 + [0.25] * 15 + [0.125] * 20


def test_step_when_counted_in_steps_then_the_length_of_an_epoch_is_irrelevant() -> None:
    config = step.Config(milestones_epochs=(), milestones_steps=(1000,))
    for per_epoch in (1, 30, 4000):
        assert [step.factor(n, 5000, per_epoch, config) for n in (999, 1000)] == [1, 0.1]


@pytest.mark.parametrize(
    "fields", [{"gamma": 0}, {"milestones_epochs": (-1,)}, {"milestone_epochs": (3,)}]
)
def test_step_config_when_wrong_then_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(fields))):
        step.Config.parse(fields)
