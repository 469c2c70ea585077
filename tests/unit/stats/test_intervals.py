import numpy as np
import pytest

from frlib.core.errors import ConfigError, ProtocolError
from frlib.stats import intervals


def test_mean_interval_when_four_values_then_student_t_from_the_table():
    found = intervals.mean_interval([1.0, 2.0, 3.0, 4.0])
    assert (found.value, found.n) == (2.5, 4)
    assert found.half_width == pytest.approx(3.182446305 * np.sqrt(5 / 3) / 2, rel=1e-9)
    assert found.high - found.value == pytest.approx(found.half_width)


def test_mean_interval_when_all_values_are_equal_then_half_width_is_exactly_zero():
    assert [intervals.mean_interval([x] * 3).half_width for x in (0.1, 0.9, 20 / 3)] == [
        0.0,
        0.0,
        0.0,
    ]


def test_mean_interval_when_one_value_then_value_without_half_width():
    found = intervals.mean_interval([0.7])
    assert (found.value, found.n) == (0.7, 1)
    assert np.isnan(found.half_width) and np.isnan(found.low)


@pytest.mark.parametrize("values", [[], [0.1, np.nan], [0.1, np.inf, -np.inf]])
def test_mean_interval_when_empty_or_not_finite_then_nan_with_count(values):
    found = intervals.mean_interval(values)
    assert found.n == len(values)
    assert np.isnan(found.value) and np.isnan(found.half_width)


@pytest.mark.parametrize("n", [2, 5, 20])
def test_mean_interval_when_normal_then_covers_as_stated(n):
    draw = np.random.default_rng(n)
    rows = draw.normal(3.0, 2.0, size=(2000, n))
    found = [intervals.mean_interval(row, 0.9) for row in rows]
    covered = np.mean([i.low <= 3.0 <= i.high for i in found])
    assert covered == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 2000))


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (10, 10), (3, 10), (5940, 6000)])
def test_binomial_interval_when_computed_then_tails_hold_half_the_rest(successes, n):
    from scipy import stats

    found = intervals.binomial_interval(successes, n)
    if successes:
        assert stats.binom.sf(successes - 1, n, found.low) == pytest.approx(0.025)
    else:
        assert found.low == 0
    if successes < n:
        assert stats.binom.cdf(successes, n, found.high) == pytest.approx(0.025)
    else:
        assert found.high == 1
    assert found.value == successes / n


def test_binomial_interval_when_six_thousand_pairs_then_half_width_as_known():
    found = intervals.binomial_interval(5940, 6000)
    assert found.half_width == pytest.approx(0.0025, abs=2e-4)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_binomial_interval_when_simulated_then_covers_at_least_its_level(share):
    n = 50
    counts = np.random.default_rng(0).binomial(n, share, size=2000)
    ends = {k: intervals.binomial_interval(int(k), n) for k in np.unique(counts)}
    covered = np.mean([ends[k].low <= share <= ends[k].high for k in counts])
    assert covered >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 2000)


def test_binomial_interval_when_no_trials_then_nan_and_when_impossible_then_error():
    assert np.isnan(intervals.binomial_interval(0, 0).value)
    with pytest.raises(ProtocolError, match="11 successes of 10"):
        intervals.binomial_interval(11, 10)


def test_bootstrap_when_same_seed_then_same_ends_and_global_generator_is_untouched():
    values = np.random.default_rng(1).normal(size=40)
    before = np.random.get_state()[1].tolist()
    first = intervals.bootstrap_interval(values, seed=3)
    assert first == intervals.bootstrap_interval(values, seed=3)
    assert first != intervals.bootstrap_interval(values, seed=4)
    assert np.random.get_state()[1].tolist() == before


def test_bootstrap_when_the_mean_is_given_as_statistic_then_same_draws_same_ends():
    draw = np.random.default_rng(2)
    values, clusters = draw.normal(size=60), draw.integers(12, size=60)
    fast = intervals.bootstrap_interval(values, seed=5, clusters=clusters, resamples=300)
    slow = intervals.bootstrap_interval(
        values, seed=5, clusters=clusters, resamples=300, statistic=lambda x: float(x.mean())
    )
    assert fast.n == slow.n == 12
    assert (fast.low, fast.high) == pytest.approx((slow.low, slow.high), abs=1e-12)


def test_bootstrap_when_rows_are_vectors_then_statistic_sees_whole_rows():
    draw = np.random.default_rng(2)
    x = draw.normal(size=200)
    rows = np.c_[x, x + 0.5 * draw.normal(size=200)]
    found = intervals.bootstrap_interval(
        rows, seed=0, resamples=300, statistic=lambda r: float(np.corrcoef(r.T)[0, 1])
    )
    assert found.low < found.value < found.high
    assert found.low > 0.8 and found.high < 0.96


def test_bootstrap_when_rows_depend_on_people_then_only_clusters_cover():
    draw = np.random.default_rng(7)
    people = np.repeat(np.arange(40), 10)
    hits = {"rows": 0, "people": 0}
    for trial in range(400):
        values = draw.normal(size=40)[people] + 0.1 * draw.normal(size=400)
        for name, clusters in (("rows", None), ("people", people)):
            found = intervals.bootstrap_interval(
                values, seed=trial, clusters=clusters, resamples=300
            )
            hits[name] += found.low <= 0 <= found.high
    assert hits["people"] / 400 == pytest.approx(0.93, abs=0.045)
    assert hits["rows"] / 400 < 0.7


def test_bootstrap_when_one_cluster_then_no_interval():
    found = intervals.bootstrap_interval([1.0, 2.0], seed=0, clusters=["a", "a"])
    assert (found.value, found.n) == (1.5, 1)
    assert np.isnan(found.half_width)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_intervals_when_level_is_no_share_then_config_error(level):
    with pytest.raises(ConfigError, match=r"for example 0\.95"):
        intervals.mean_interval([1.0, 2.0], level)


def test_bootstrap_when_clusters_do_not_fit_then_protocol_error():
    with pytest.raises(ProtocolError, match="2 in all"):
        intervals.bootstrap_interval([1.0, 2.0], seed=0, clusters=[1, 2, 3])
