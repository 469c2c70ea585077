from types import ModuleType

import numpy as np
import pytest

from frlib.core.errors import ConfigError
from frlib.schedules import constant, cosine, linear, poly

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


@pytest.mark.parametrize("first", ["ramp", "zero", "full"])
@pytest.mark.parametrize("warmup_epochs", [0, 1.5])
def test_linear_when_it_ends_at_zero_then_is_poly_of_power_one(
    warmup_epochs: float, first: str
) -> None:
    fields = {"warmup_epochs": warmup_epochs, "first": first}
    config = linear.Config(**fields)
    found = [linear.factor(n, TOTAL, PER_EPOCH, config) for n in range(TOTAL + 5)]
    assert found == _poly(power=1, **fields).tolist()


def test_linear_when_it_has_a_floor_then_is_a_line_to_it() -> None:
    config = linear.Config(final_ratio=0.4)
    found = [linear.factor(n, TOTAL, PER_EPOCH, config) for n in range(TOTAL + 5)]
    np.testing.assert_allclose(found, np.interp(i, [0, TOTAL], [1, 0.4]), rtol=1e-12)


def test_constant_when_there_is_no_warmup_then_is_one() -> None:
    assert {constant.factor(n, TOTAL, PER_EPOCH, constant.Config()) for n in range(99)} == {1.0}


def test_constant_when_warming_up_then_is_poly_there_and_one_after() -> None:
    config = constant.Config(warmup_epochs=1.5)
    found = [constant.factor(n, TOTAL, PER_EPOCH, config) for n in range(TOTAL)]
    assert found == [*_poly(warmup_epochs=1.5)[:15].tolist(), *[1.0] * 45]


@pytest.mark.parametrize("module", [constant, cosine, linear, poly])
@pytest.mark.parametrize("epochs", [6, 9])
def test_factor_when_warmup_fills_the_run_then_says_which_field_to_lower(
    module: ModuleType, epochs: float
) -> None:
    config = module.Config(warmup_epochs=epochs)
    with pytest.raises(ConfigError, match=r"schedule\.warmup_epochs=.*60 steps"):
        module.factor(0, TOTAL, PER_EPOCH, config)
