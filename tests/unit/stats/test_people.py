import numpy as np
import pytest
from scipy.special import ndtr

from frlib.core.errors import ConfigError, ProtocolError
from frlib.metrics.roc import tar_at_far
from frlib.stats import people
from frlib.stats.intervals import binomial_interval

EFFECT = 0.7


def _dense(n=40, genuine=6):
    """Every two people once, and some genuine pairs of everybody."""
    left, right = np.triu_indices(n, 1)
    own = np.repeat(np.arange(n), genuine)
    return np.r_[own, left], np.r_[own, right]


def _sparse(n=600):
    """No two pairs of a kind share a person."""
    own = np.arange(n // 2)
    return np.r_[own, np.arange(0, n, 2)], np.r_[own, np.arange(1, n, 2)]


def _draw(draw, left, right):
    """A quality of every person in all its pairs, and noise of each pair."""
    person = EFFECT * draw.normal(size=max(left.max(), right.max()) + 1)
    return (person[left] + person[right]) / 2 + draw.normal(size=len(left))


def _sd(left, right):
    return np.sqrt(1 + EFFECT**2 * np.where(left == right, 1, 0.5))


def _covered(make, trials, resamples=300, cut=-1.6):
    """How often intervals at 95 % hold the true share, and their mean widths."""
    left, right = make()
    of = people.people(left, right)
    true = ndtr(-cut / _sd(left, right)).mean()
    found = {"pairs": [], "bootstrap": [], "share": []}
    draw = np.random.default_rng(0)
    for trial in range(trials):
        event = _draw(draw, left, right) > cut
        found["pairs"].append(binomial_interval(int(event.sum()), len(event)))
        found["bootstrap"].append(
            people.accuracy_interval(event, of, seed=trial, resamples=resamples)
        )
        found["share"].append(people.share_interval(event, of))
    return (
        {k: np.mean([i.low <= true <= i.high for i in v]) for k, v in found.items()},
        {k: np.mean([i.high - i.low for i in v]) for k, v in found.items()},
    )


def test_intervals_when_people_are_in_many_pairs_then_pairs_alone_do_not_cover():
    covered, width = _covered(_dense, 150)
    assert covered["pairs"] < 0.8
    assert covered["bootstrap"] >= 0.9
    assert covered["share"] >= 0.88
    assert width["pairs"] < width["share"] < width["bootstrap"]


def test_intervals_when_pairs_share_nobody_then_share_is_as_the_exact_and_bootstrap_is_wide():
    covered, width = _covered(_sparse, 100)
    assert min(covered.values()) >= 0.88
    assert width["share"] == pytest.approx(width["pairs"], rel=0.15)
    assert 1 < width["bootstrap"] / width["share"] < 1.75


@pytest.mark.slow
@pytest.mark.parametrize(("make", "low", "high"), [(_dense, 0.92, 0.985), (_sparse, 0.93, 1.0)])
def test_intervals_when_simulated_often_then_cover_as_stated(make, low, high):
    covered, _ = _covered(make, 1000)
    assert low <= covered["bootstrap"] <= high
    assert 0.92 <= covered["share"] <= 0.97


def _tar_coverage(trials, resamples):
    """Coverage of TAR at FAR 0.05 of the population's own TAR."""
    left, right = _dense(30, 6)
    of = people.people(left, right)
    same = left == right
    sd = _sd(left, right)
    threshold = 1.6448536 * sd[~same][0]
    true = ndtr((1.5 - threshold) / sd[same][0])
    draw, hits = np.random.default_rng(1), []
    for trial in range(trials):
        score = _draw(draw, left, right) + 1.5 * same
        found = people.tar_interval(score, of, 0.05, seed=trial, resamples=resamples)
        hits.append(found.low <= true <= found.high)
    return np.mean(hits)


def test_tar_when_simulated_then_covers():
    assert _tar_coverage(60, 100) >= 0.85


@pytest.mark.slow
def test_tar_when_simulated_often_then_covers_as_stated():
    assert 0.92 <= _tar_coverage(500, 400) <= 1


@pytest.mark.parametrize("target", [0.0, 0.01, 0.3, 1.0])
@pytest.mark.parametrize("levels", [3, 10_000])
def test_tar_when_estimated_then_as_the_metric_ties_included(target, levels):
    left, right = _dense(12, 3)
    score = np.round(levels * _draw(np.random.default_rng(2), left, right)) / levels
    of = people.people(left, right)
    found = people.tar_interval(score, of, target, seed=0, resamples=20)
    assert found.value == pytest.approx(tar_at_far(score, left == right, target).tar)
    assert found.low <= found.value + 0.3 and found.n == 12


def test_weights_when_drawn_then_zero_two_and_four_with_mean_one():
    left, right = _dense(60, 1)
    of = people.people(left, right)
    weights = np.concatenate(list(people._weights(of, 0, 4000)))
    assert set(np.unique(weights[:, of.is_same])) == {0, 2}
    assert set(np.unique(weights[:, ~of.is_same])) == {0, 4}
    assert weights.mean(axis=1).mean() == pytest.approx(1, abs=0.01)


def test_difference_when_runs_are_equal_then_zero_and_p_is_one():
    left, right = _dense(15)
    of = people.people(left, right)
    verdict = np.arange(len(left)) % 7 > 0
    found = people.difference_interval(verdict, verdict, of, seed=0, resamples=50)
    assert (found.difference.low, found.difference.high, found.p) == (0, 0, 1)


def test_difference_when_one_run_is_better_on_the_same_pairs_then_shown():
    left, right = _dense()
    of = people.people(left, right)
    draw = np.random.default_rng(0)
    quality = _draw(draw, left, right)
    worse, better = (quality + 0.3 * draw.normal(size=len(left)) > cut for cut in (-1.2, -1.7))
    found = people.difference_interval(better, worse, of, seed=0, resamples=500)
    apart = [people.accuracy_interval(v, of, seed=0, resamples=500) for v in (better, worse)]
    assert found.difference.low > 0 and found.p < 0.05
    assert found.difference.half_width < min(one.half_width for one in apart)


def test_difference_when_nothing_differs_then_p_is_not_too_small():
    left, right = _dense(30, 3)
    of = people.people(left, right)
    draw, p = np.random.default_rng(0), []
    for trial in range(200):
        quality = _draw(draw, left, right)
        a, b = (quality + draw.normal(size=len(left)) > -1.5 for _ in range(2))
        p.append(people.difference_interval(a, b, of, seed=trial, resamples=200).p)
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_variance_when_written_as_a_double_loop_then_the_same():
    draw = np.random.default_rng(0)
    left, right = draw.integers(0, 6, size=(2, 30))
    of = people.people(left, right)
    residual = draw.normal(size=30)
    sides = list(zip(left, right, strict=True))
    wanted = sum(
        residual[i] * residual[j]
        for i in range(30)
        for j in range(30)
        if set(sides[i]) & set(sides[j])
    )
    floor = (residual**2).sum()
    assert people._variance(residual, of) == pytest.approx(max(wanted, floor) / 900)


def test_share_when_all_agree_then_people_count_not_pairs():
    left, right = _dense(20, 5)
    found = people.share_interval(np.ones(len(left), bool), people.people(left, right))
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.8 < found.low < 0.9


def test_intervals_when_seeded_then_repeatable():
    left, right = (np.array([f"person {i}" for i in range(30)])[side] for side in _dense(30))
    of = people.people(left, right)
    verdict = np.arange(len(left)) % 3 > 0
    first, again, other = (
        people.accuracy_interval(verdict, of, seed=s, resamples=100) for s in (1, 1, 2)
    )
    assert first == again != other
    assert first.n == 30


def test_intervals_when_one_person_or_one_kind_then_no_interval_or_error():
    alone = people.people(["a", "a"], ["a", "a"])
    assert np.isnan(people.accuracy_interval([True, False], alone, seed=0).low)
    assert np.isnan(people.share_interval([True, False], alone).low)
    with pytest.raises(ProtocolError, match="needs both kinds"):
        people.tar_interval([0.1, 0.2], alone, 0.1, seed=0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda of: people.people([1, 2], [1]), ProtocolError, "one person"),
        (lambda of: people.accuracy_interval([1, 0, 1], of, seed=0), ProtocolError, "one bool"),
        (lambda of: people.share_interval([True], of), ProtocolError, "one bool"),
        (lambda of: people.tar_interval([1.0], of, 0.1, seed=0), ProtocolError, "finite one"),
        (
            lambda of: people.tar_interval([1.0, np.nan, 2.0], of, 0.1, seed=0),
            ProtocolError,
            "finite one",
        ),
        (lambda of: people.tar_interval([1.0, 2, 3], of, 7, seed=0), ConfigError, "share"),
        (
            lambda of: people.accuracy_interval([True] * 3, of, seed=0, resamples=0),
            ConfigError,
            "resamples=0",
        ),
        (
            lambda of: people.accuracy_interval([True] * 3, of, seed=0, level=95),
            ConfigError,
            "level=95",
        ),
    ],
)
def test_intervals_when_called_wrongly_then_typed_error(call, error, message):
    of = people.people([1, 1, 2], [1, 2, 3])
    with pytest.raises(error, match=message):
        call(of)
