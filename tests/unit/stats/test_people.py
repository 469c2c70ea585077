import numpy as np
import pytest
from scipy.special import ndtr

from frlib.core.errors import ConfigError, ProtocolError
from frlib.stats import people
from frlib.stats.intervals import binomial_interval, wilson_interval
from tests.unit.stats import crowds


def _covered(make, trials, resamples=300, cut=-1.6):
    """How often intervals at 95 % hold the true share, and their mean widths."""
    left, right = make()
    of = people.people(left, right)
    true = ndtr(-cut / crowds.sd(left, right)).mean()
    found = {"pairs": [], "bootstrap": [], "share": []}
    draw = np.random.default_rng(0)
    for trial in range(trials):
        event = crowds.shown(draw, left, right) > cut
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
    covered, width = _covered(crowds.dense, 150)
    assert covered["pairs"] < 0.8
    assert covered["bootstrap"] >= 0.9
    assert covered["share"] >= 0.88
    assert width["pairs"] < width["share"] < width["bootstrap"]


def test_intervals_when_pairs_share_nobody_then_share_is_as_the_exact_and_bootstrap_is_wide():
    covered, width = _covered(crowds.sparse, 100)
    assert min(covered.values()) >= 0.88
    assert width["share"] == pytest.approx(width["pairs"], rel=0.15)
    assert 1 < width["bootstrap"] / width["share"] < 1.75


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "low", "high"), [(crowds.dense, 0.92, 0.985), (crowds.sparse, 0.93, 1.0)]
)
def test_intervals_when_simulated_often_then_cover_as_stated(make, low, high):
    covered, _ = _covered(make, 1000)
    assert low <= covered["bootstrap"] <= high
    assert 0.92 <= covered["share"] <= 0.97


def test_weights_when_drawn_then_zero_two_and_four_with_mean_one():
    left, right = crowds.dense(60, 1)
    of = people.people(left, right)
    weights = np.concatenate(list(people.pair_weights(of, 0, 4000)))
    assert set(np.unique(weights[:, of.is_same])) == {0, 2}
    assert set(np.unique(weights[:, ~of.is_same])) == {0, 4}
    assert weights.mean(axis=1).mean() == pytest.approx(1, abs=0.01)


def test_difference_when_runs_are_equal_then_zero_and_p_is_one():
    left, right = crowds.dense(15)
    of = people.people(left, right)
    verdict = np.arange(len(left)) % 7 > 0
    found = people.difference_interval(verdict, verdict, of, seed=0, resamples=50)
    assert (found.difference.low, found.difference.high, found.p) == (0, 0, 1)


def test_difference_when_one_run_is_better_on_the_same_pairs_then_shown():
    left, right = crowds.dense()
    of = people.people(left, right)
    draw = np.random.default_rng(0)
    quality = crowds.shown(draw, left, right)
    worse, better = (quality + 0.3 * draw.normal(size=len(left)) > cut for cut in (-1.2, -1.7))
    found = people.difference_interval(better, worse, of, seed=0, resamples=500)
    apart = [people.accuracy_interval(v, of, seed=0, resamples=500) for v in (better, worse)]
    assert found.difference.low > 0 and found.p < 0.05
    assert found.difference.half_width < min(one.half_width for one in apart)


def test_difference_when_nothing_differs_then_p_is_not_too_small():
    left, right = crowds.dense(30, 3)
    of = people.people(left, right)
    draw, p = np.random.default_rng(0), []
    for trial in range(200):
        quality = crowds.shown(draw, left, right)
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
    left, right = crowds.dense(20, 5)
    found = people.share_interval(np.ones(len(left), bool), people.people(left, right))
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.8 < found.low < 0.9


def _groups(sizes, people_each=1):
    """Trials of one person each, or of `people_each` trials a person, and their groups."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    person = np.arange(len(group)) // people_each
    return group, people.people(person, person)


def test_share_when_one_group_then_as_without_groups():
    left, right = crowds.dense(20, 5)
    of = people.people(left, right)
    event = np.arange(len(left)) % 5 > 0
    assert people.share_interval(event, of, group_P=np.zeros(len(left))) == people.share_interval(
        event, of
    )


def test_share_when_groups_then_value_is_their_mean_and_variance_that_of_the_mean():
    group, of = _groups((30, 90))
    event = np.r_[np.arange(30) < 15, np.arange(90) < 72]
    found = people.share_interval(event, of, group_P=group)
    assert found.value == pytest.approx((0.5 + 0.8) / 2)
    variance = (0.25 / 30 + 0.16 / 90) / 4
    independent = min(0.65 * 0.35 / variance, 4 / (1 / 30 + 1 / 90))
    wanted = wilson_interval(0.65, independent, 120)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))


def test_share_when_groups_agree_with_themselves_then_an_interval_all_the_same():
    group, of = _groups((30, 90))
    found = people.share_interval(group == 0, of, group_P=group)
    assert found.low < found.value == 0.5 < found.high
    whole = people.share_interval(group >= 0, of, group_P=group)
    assert (whole.value, whole.high) == (1, 1)
    assert whole.low == pytest.approx(wilson_interval(1, 90, 120).low)


def test_share_when_groups_and_people_have_many_trials_then_covers():
    draw, hits, narrow = np.random.default_rng(0), [], []
    group, of = _groups((300, 900), 10)
    chance = ndtr(np.array([0.3, 1.2]) / np.sqrt(2))
    alone = people.people(np.arange(1200), np.arange(1200))
    for _ in range(300):
        quality = draw.normal(size=120)[of.left_P] + draw.normal(size=1200)
        event = quality < np.array([0.3, 1.2])[group]
        for counted, out in ((of, hits), (alone, narrow)):
            found = people.share_interval(event, counted, group_P=group)
            out.append(found.low <= chance.mean() <= found.high)
    assert np.mean(narrow) < 0.85
    assert 0.9 <= np.mean(hits) <= 0.98


def test_intervals_when_seeded_then_repeatable():
    left, right = (np.array([f"person {i}" for i in range(30)])[side] for side in crowds.dense(30))
    of = people.people(left, right)
    verdict = np.arange(len(left)) % 3 > 0
    first, again, other = (
        people.accuracy_interval(verdict, of, seed=s, resamples=100) for s in (1, 1, 2)
    )
    assert first == again != other
    assert first.n == 30


def test_intervals_when_one_person_then_no_interval():
    alone = people.people(["a", "a"], ["a", "a"])
    assert np.isnan(people.accuracy_interval([True, False], alone, seed=0).low)
    assert np.isnan(people.share_interval([True, False], alone).low)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda of: people.people([1, 2], [1]), ProtocolError, "one person"),
        (lambda of: people.accuracy_interval([1, 0, 1], of, seed=0), ProtocolError, "one bool"),
        (lambda of: people.share_interval([True], of), ProtocolError, "one bool"),
        (
            lambda of: people.share_interval([True] * 3, of, group_P=[1, 2]),
            ProtocolError,
            "groups have shape",
        ),
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
