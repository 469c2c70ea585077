from itertools import pairwise

import numpy as np
import pytest

from frlib.core.errors import ConfigError
from frlib.schedules import moving_haar

TOTAL = 200


def _run(losses: list[float], total: int = TOTAL, **fields: object) -> list[float]:
    rule = moving_haar.follow(total, 10, moving_haar.Config(**fields))
    found = []
    for i, loss in enumerate(losses):
        found.append(rule.factor(i))
        rule.observe(loss)
    return [*found, rule.factor(len(losses))]


@pytest.mark.parametrize(("tau", "borne"), [(0.02, 4), (0.024, 4), (0.1, 20)])
def test_factor_when_the_loss_is_constant_then_is_cut_every_n_plus_one_steps(
    tau: float, borne: int
) -> None:
    found = _run([3.7] * TOTAL, tau=tau, max_cuts=TOTAL)
    cuts = (np.arange(TOTAL + 1) - 2) // (borne + 1)
    np.testing.assert_array_equal(found, 2.0 ** -np.clip(cuts, 0, None))


def test_factor_when_the_loss_falls_fast_enough_then_is_never_cut() -> None:
    falling = [40 - 0.1 * i for i in range(TOTAL)]
    assert set(_run(falling, tau=0, alpha=0.1, lam=0.009)) == {1.0}


def test_factor_when_the_loss_falls_too_slowly_then_is_cut() -> None:
    falling = [40 - 0.1 * i for i in range(TOTAL)]
    assert _run(falling, tau=0, alpha=0.1, lam=0.11)[-1] == 2.0**-8


@pytest.mark.parametrize("max_cuts", [0, 1, 8])
def test_factor_when_max_cuts_are_made_then_stays(max_cuts: int) -> None:
    found = _run([1.0] * TOTAL, tau=0.01, delta=10, max_cuts=max_cuts)
    assert min(found) == found[-1] == pytest.approx(10.0**-max_cuts, rel=1e-12)


@pytest.mark.parametrize("tau", [0.0, 0.004])
def test_factor_when_no_plateau_step_is_borne_then_each_cuts_two_steps_later(tau: float) -> None:
    assert _run([5.0] * 9, tau=tau) == [1, 1, 1, *(2.0**-n for n in range(1, 8))]


def test_factor_when_a_fall_interrupts_the_plateau_then_the_count_starts_again() -> None:
    losses = [9.0, 9, 9, 9, 1, 1, 1, 1, 1, 1]
    found = _run(losses, total=3, tau=1, alpha=1, beta=1, lam=1)
    assert found == [1] * 10 + [0.5]


def test_factor_when_delta_is_one_then_is_constant() -> None:
    assert set(_run([5.0] * 50, delta=1)) == {1.0}


def test_fall_when_smoothed_then_is_the_moving_average_of_moving_averages() -> None:
    losses = np.random.default_rng(0).normal(10, 1, 40)
    alpha, beta = 0.2, 0.3
    rule = moving_haar.follow(TOTAL, 10, moving_haar.Config(alpha=alpha, beta=beta))
    smooth, falls, found = losses[0], [], []
    for loss in losses:
        rule.observe(float(loss))
        found.append(rule.numbers()["fall"])
    for before, after in pairwise(losses):
        falls.append((1 - alpha) * (falls[-1] if falls else 0) + alpha * (before - after))
        smooth = (1 - alpha) * smooth + alpha * after
    expected = [0.0, falls[0]]
    for fall in falls[1:]:
        expected.append(beta * fall + (1 - beta) * expected[-1])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-14)
    assert rule.numbers()["mean"] == pytest.approx(smooth, rel=1e-12)


@pytest.mark.parametrize("step", [1, 3, 4])
def test_factor_when_losses_are_missing_or_too_many_then_is_refused(step: int) -> None:
    rule = moving_haar.follow(TOTAL, 10, moving_haar.Config())
    for _ in range(2):
        rule.observe(1.0)
    if step == 3:
        assert rule.factor(step) == 1
    else:
        with pytest.raises(AssertionError, match=f"2 losses observed before step {step}"):
            rule.factor(step)


@pytest.mark.parametrize(
    "fields", [{"alpha": 0}, {"beta": 2}, {"delta": 0.5}, {"tau": 1.5}, {"lambd": 1e-4}]
)
def test_config_when_wrong_then_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(fields))):
        moving_haar.Config.parse(fields)
