"""Gains with intervals: right on average, honest where nothing differs, wider with thresholds."""

import numpy as np
import pytest

from frlib.core.errors import ConfigError, ProtocolError
from frlib.stats.intervals import Interval
from frlib.stats.paired_rates import gain_p, people_needed, share_gain, tar_gain
from frlib.stats.people import people

PEOPLE, EACH = 40, 5


def _verdicts(rng: np.random.Generator, num: int = PEOPLE) -> tuple[np.ndarray, ...]:
    """Two runs with true shares 0.6 and 0.7, alike within a person."""
    person = np.repeat(np.arange(num), EACH)
    ease = rng.normal(size=num)[person]
    shares = [0.6, 0.7]
    return person, *(
        (ease + rng.normal(size=num * EACH)) / 2**0.5 < _quantile(share) for share in shares
    )


def _quantile(share: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(share))


@pytest.mark.parametrize("num", [8, PEOPLE])
def test_share_gain_when_drawn_often_then_covers_the_true_gain(num: int) -> None:
    covered = 0
    for seed in range(200):
        person, before, after = _verdicts(np.random.default_rng(seed), num)
        found = share_gain(before, after, people(person, person), seed=0, resamples=300)
        assert found.n == num
        covered += found.low <= 0.1 <= found.high
    assert 0.9 <= covered / 200 <= 0.995


def test_share_gain_when_nothing_differs_then_one_person_could() -> None:
    person, before, _ = _verdicts(np.random.default_rng(0))
    found = share_gain(before, before, people(person, person), seed=0)
    assert found.value == 0
    assert found.low == -found.high
    assert found.high == pytest.approx(1 - 0.025 ** (1 / PEOPLE))


def test_share_gain_when_one_person_then_no_interval() -> None:
    found = share_gain([True, False], [True, True], people([0, 0], [0, 0]), seed=0)
    assert found.value == 0.5
    assert np.isnan(found.low)


def _scores(rng: np.random.Generator, gap: float) -> tuple[np.ndarray, np.ndarray]:
    """150 genuine and 150 impostor trials of people of their own, and two runs' scores."""
    same = np.arange(300) < 150
    hard = rng.normal(size=300)
    return same, np.stack([hard + rng.normal(size=300) + g * same for g in (1.5, 1.5 + gap)])


def test_tar_gain_when_drawn_often_then_covers_the_true_gain() -> None:
    from scipy.special import ndtr, ndtri

    limit = ndtri(0.9) * 2**0.5
    truth = ndtr((2.3 - limit) / 2**0.5) - ndtr((1.5 - limit) / 2**0.5)
    covered = 0
    for seed in range(60):
        same, (before, after) = _scores(np.random.default_rng(seed), 0.8)
        who = people(np.arange(300), np.arange(300))
        found = tar_gain(before, after, same, who, 0.1, seed=0, resamples=200)
        covered += found.low <= truth <= found.high
    assert covered >= 53


def test_tar_gain_when_thresholds_are_drawn_too_then_wider_than_held_ones() -> None:
    same, (before, after) = _scores(np.random.default_rng(1), 0.8)
    who = people(np.arange(300), np.arange(300))
    drawn = tar_gain(before, after, same, who, 0.1, seed=0)
    events = []
    for score in (before, after):
        limit = np.sort(score[~same])[::-1][15]
        events.append(score[same] > limit)
    held = share_gain(*events, people(np.arange(150), np.arange(150)), seed=0)
    assert drawn.value == pytest.approx(held.value)
    assert drawn.half_width > 1.2 * held.half_width


def test_tar_gain_when_scores_are_shifted_then_each_has_its_own_threshold() -> None:
    same, (before, _) = _scores(np.random.default_rng(2), 0.0)
    found = tar_gain(before, before - 7, same, people(range(300), range(300)), 0.1, seed=0)
    assert found.value == 0


def test_tar_gain_when_trials_are_lost_then_no_threshold_accepts_them() -> None:
    same, (before, _) = _scores(np.random.default_rng(2), 0.0)
    lost = np.where(same & (np.arange(300) < 75), -np.inf, before)
    found = tar_gain(before, lost, same, people(range(300), range(300)), 0.1, seed=0)
    assert found.value < 0
    with pytest.raises(ProtocolError, match="no threshold"):
        tar_gain(before, np.full(300, -np.inf), same, people(range(300), range(300)), 0.1, seed=0)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        tar_gain(before, lost, same, people(range(300), range(300)), 10, seed=0)


def test_people_needed_when_the_interval_is_wide_then_by_the_square() -> None:
    near = people_needed(Interval(0.02, -0.02, 0.06, 100))
    assert near is not None
    assert near == pytest.approx(100 * 4 * (1 + 0.8416 / 1.96) ** 2, abs=1)
    assert people_needed(Interval(0.0, -0.1, 0.1, 50)) is None
    assert people_needed(Interval(0.1, float("nan"), float("nan"), 1)) is None


@pytest.mark.parametrize(
    ("value", "low", "high", "p"),
    [
        (-0.02, -0.05, 0.0, 0.05),
        (0.02, 0.0, 0.03, 0.05),
        (0.0, -0.1, 0.1, 1.0),
        (-0.02, -0.04, -0.02, 0.0),
        (-0.02, float("nan"), float("nan"), float("nan")),
    ],
)
def test_gain_p_when_the_end_that_faces_zero_is_there_then_the_level(
    value: float, low: float, high: float, p: float
) -> None:
    assert gain_p(Interval(value, low, high, 30)) == pytest.approx(p, nan_ok=True)


def test_gain_p_when_there_is_no_gain_then_uniform() -> None:
    found = []
    for k in range(300):
        rng = np.random.default_rng(k)
        person, *runs = _verdicts(rng)
        swapped = rng.integers(2, size=PEOPLE)[person]
        one, other = np.where(swapped, runs[::-1], runs)
        found.append(gain_p(share_gain(one, other, people(person, person), seed=k, resamples=300)))
    for level in (0.05, 0.2, 0.5):
        error = 3 * (level * (1 - level) / len(found)) ** 0.5
        assert abs(np.mean(np.array(found) < level) - level) < error + 0.02
