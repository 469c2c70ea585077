import numpy as np
import pytest
from scipy import stats

from frlib.core.errors import ConfigError, ProtocolError
from frlib.stats import crossed
from frlib.stats.people import people
from tests.unit.stats import crowds

LEFT, RIGHT = crowds.dense(24, 3)
OF = people(LEFT, RIGHT)
TRUTH = 0.3


def sampled(draw, seeds, by_seed, by_people, by_both=0.5, of=OF):
    """`[S, P]` values around TRUTH: of each seed, of the people of a pair, and of both."""
    person = by_people * draw.normal(size=of.num)
    return (
        TRUTH
        + by_seed * draw.normal(size=(seeds, 1))
        + (person[of.left_P] + person[of.right_P]) / 2
        + by_both * draw.normal(size=(seeds, len(of.left_P)))
    )


def covered(trials, seeds, by_seed, by_people, by_both=0.5):
    """Share of intervals with the truth, and the p-values of a mean of 0 where that is true."""
    draw = np.random.default_rng(17)
    hits, ps = [], []
    for trial in range(trials):
        value = sampled(draw, seeds, by_seed, by_people, by_both)
        found = crossed.over_people(value, OF, seed=trial, resamples=200)
        hits.append(found.mean.low <= TRUTH <= found.mean.high)
        ps.append(crossed.over_people(value - TRUTH, OF, seed=trial, resamples=200).p)
    return np.mean(hits), np.array(ps)


@pytest.mark.parametrize(
    ("by_seed", "by_people"), [(0.5, 0.1), (0.1, 0.7), (0.3, 0.7)], ids=["seeds", "people", "both"]
)
def test_over_people_when_simulated_then_covers_and_p_values_are_uniform(by_seed, by_people):
    share, ps = covered(300, 4, by_seed, by_people)
    assert 0.91 <= share <= 0.985
    assert stats.kstest(ps, "uniform").pvalue > 1e-3
    assert np.mean(ps < 0.05) < 0.09


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
@pytest.mark.parametrize(
    ("by_seed", "by_people", "by_both"), [(0.5, 0.1, 0.5), (0.1, 0.7, 0.5), (0.3, 0.7, 0.5)]
)
def test_over_people_when_simulated_at_length_then_covers(seeds, by_seed, by_people, by_both):
    share, ps = covered(1000, seeds, by_seed, by_people, by_both)
    least = 0.92 if seeds > 2 else 0.87
    assert least <= share <= 0.985
    assert np.mean(ps < 0.05) <= 1 - least


def test_over_people_when_seeds_alone_were_resampled_then_would_cover_too_little():
    draw = np.random.default_rng(3)
    alone, both = 0, 0
    for trial in range(150):
        value = sampled(draw, 4, 0.05, 0.7)
        mean = value.mean(axis=1)
        half = stats.t.isf(0.025, 3) * mean.std(ddof=1) / 2
        alone += abs(mean.mean() - TRUTH) <= half
        found = crossed.over_people(value, OF, seed=trial, resamples=200).mean
        both += found.low <= TRUTH <= found.high
    assert alone / 150 < 0.75 < 0.88 < both / 150


def test_over_clusters_when_all_spread_is_of_seeds_then_student_t_over_them():
    mean = np.array([0.1, 0.2, 0.4, 0.35, 0.15])
    found = crossed.over_clusters(np.repeat(mean[:, None], 50, axis=1), seed=0, resamples=20_000)
    assert found.sd_people == pytest.approx(0, abs=1e-9)
    assert found.sd_seeds == pytest.approx(mean.std(ddof=1) / np.sqrt(5))
    assert found.df == pytest.approx(4)
    wanted = stats.t.isf(0.025, 4) * mean.std(ddof=1) / np.sqrt(5)
    assert found.mean.half_width == pytest.approx(wanted, rel=0.06)


def test_over_clusters_when_seeds_agree_then_the_error_of_independent_pairs():
    row = (np.arange(400) % 5 > 0).astype(float)
    found = crossed.over_clusters(np.stack([row] * 3), seed=0, resamples=20_000)
    assert found.sd_seeds == pytest.approx(0, abs=1e-12)
    assert found.sd_people == pytest.approx(row.std(ddof=1) / 20, rel=0.03)
    assert found.mean.half_width == pytest.approx(1.96 * row.std() / 20, rel=0.05)


def test_over_clusters_when_spread_is_of_neither_alone_then_it_is_counted_once():
    value = np.random.default_rng(1).normal(size=(6, 300))
    found = crossed.over_clusters(value, seed=0, resamples=4_000)
    halves = [
        crossed.over_clusters(
            np.random.default_rng(k).normal(size=(6, 300)), seed=k, resamples=500
        ).mean.half_width
        for k in range(40)
    ]
    assert found.mean.n == 6
    assert np.median(halves) == pytest.approx(2.1 / np.sqrt(6 * 300), rel=0.25)


def test_over_clusters_when_pairs_depend_on_folds_then_folds_widen_it():
    draw = np.random.default_rng(5)
    fold = np.repeat(np.arange(10), 30)
    value = 0.2 * draw.normal(size=10)[fold] + 0.1 * draw.normal(size=(4, 300))
    by_fold = crossed.over_clusters(value, fold, seed=0)
    by_pair = crossed.over_clusters(value, seed=0)
    assert by_fold.sd_people > 3 * by_pair.sd_people


def test_over_people_when_same_seed_then_same_ends():
    value = sampled(np.random.default_rng(0), 3, 0.1, 0.1)
    first = crossed.over_people(value, OF, seed=1, resamples=100)
    assert first == crossed.over_people(value, OF, seed=1, resamples=100)
    assert first != crossed.over_people(value, OF, seed=2, resamples=100)


def test_over_people_when_one_seed_then_mean_without_interval():
    value = sampled(np.random.default_rng(0), 1, 0.1, 0.1)
    found = crossed.over_people(value, OF, seed=1, resamples=50)
    assert found.mean.value == pytest.approx(value.mean())
    assert np.isnan([found.mean.low, found.p, found.df]).all()


def test_over_clusters_when_nothing_differs_then_p_is_one_and_there_is_no_interval():
    found = crossed.over_clusters(np.zeros((3, 40)), seed=0, resamples=50)
    assert found.p == 1.0 and np.isnan(found.mean.low)
    assert np.isnan(crossed.over_clusters(np.ones((3, 40)), seed=0, resamples=50).p)


def test_over_people_when_pairs_do_not_fit_or_lack_a_number_then_says_so():
    with pytest.raises(ProtocolError, match="values of 3 pairs"):
        crossed.over_people(np.zeros((2, 3)), OF, seed=0)
    with pytest.raises(ProtocolError, match="finite number for every seed"):
        crossed.over_clusters([[0.1, np.nan]], seed=0)
    with pytest.raises(ConfigError, match="resamples=0"):
        crossed.over_clusters(np.zeros((2, 3)), seed=0, resamples=0)
