import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from frlib.core.errors import ProtocolError
from frlib.stats.paired import holm, paired_t
from frlib.stats.ranks import least_p, signed_rank, signed_ranks


def by_all_signs(difference):
    """Two-sided p of the sum of positive ranks, over all signs; zeros ranked, then left out."""
    rank = stats.rankdata(np.abs(difference))[difference != 0]
    signs = np.array(list(itertools.product((0, 1), repeat=len(rank))))
    sums, seen = signs @ rank, rank[difference[difference != 0] > 0].sum()
    return min(1.0, 2 * min(np.mean(sums <= seen), np.mean(sums >= seen)))


@pytest.mark.parametrize("n", [3, 5, 8])
def test_signed_rank_when_nothing_ties_then_as_by_all_signs(n):
    draw = np.random.default_rng(n)
    for _ in range(10):
        a, b = draw.normal(size=n), draw.normal(size=n)
        assert signed_rank(a, b).p == pytest.approx(by_all_signs(a - b))


def test_signed_rank_when_differences_tie_or_vanish_then_as_by_all_signs():
    a = np.array([3.0, 1.0, 2.0, 2.0, 5.0, 4.0, 1.0])
    assert signed_rank(a, np.ones(7)).p == pytest.approx(by_all_signs(a - 1))


def test_signed_rank_when_all_agree_then_the_least_there_is():
    for n in (2, 3, 5, 6, 9):
        assert signed_rank(np.arange(1, n + 1), np.zeros(n)).p == pytest.approx(least_p(n))
    assert least_p(5) > 0.05 > least_p(6)


def test_signed_rank_when_nothing_differs_or_little_is_there_then_no_claim():
    assert signed_rank([0.1, 0.2], [0.1, 0.2]).p == 1.0
    assert np.isnan(signed_rank([0.1, np.nan], [0.2, 0.1]).p)
    assert signed_rank([np.nan], [0.1]).n == 0
    with pytest.raises(ProtocolError, match="same replicates"):
        signed_rank([1.0], [1.0, 2.0])


def test_signed_rank_when_no_difference_is_true_then_rejects_no_more_than_it_says():
    draw = np.random.default_rng(0)
    ps = np.array([signed_rank(draw.laplace(size=10), draw.laplace(size=10)).p for _ in range(600)])
    for alpha in (0.01, 0.05, 0.2, 0.5):
        assert np.mean(ps <= alpha) <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / 600)
    assert np.mean(ps <= 0.5) > 0.42


def test_paired_t_when_no_difference_is_true_then_p_values_are_uniform():
    draw = np.random.default_rng(1)
    ps = [paired_t(draw.normal(size=5), draw.normal(size=5)).p for _ in range(2000)]
    assert stats.kstest(ps, "uniform").pvalue > 1e-3


def test_holm_when_some_differ_and_some_do_not_then_false_claims_are_as_rare_as_said():
    draw = np.random.default_rng(2)
    false = 0
    for _ in range(600):
        base = draw.normal(size=8)
        ps = [paired_t(base + s + draw.normal(size=8), base).p for s in (0, 0, 0, 2)]
        false += bool((holm(ps)[:3] < 0.05).any())
    assert false / 600 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


def test_holm_when_statsmodels_corrects_then_equal():
    ps = np.random.default_rng(3).uniform(size=12)
    assert holm(ps) == pytest.approx(multipletests(ps, method="holm")[1])


def test_signed_ranks_when_three_rows_then_each_two_once_and_corrected():
    draw = np.random.default_rng(4)
    rows = [draw.normal(size=9) + shift for shift in (0, 0, 3)]
    found = signed_ranks(rows)
    raw = [signed_rank(rows[a], rows[b]).p for a, b in ((0, 1), (0, 2), (1, 2))]
    assert list(found) == [(0, 1), (0, 2), (1, 2)]
    assert list(found.values()) == pytest.approx(list(holm(raw)))
