"""Worked example: Demsar 2006, table 6 (four classifiers on 14 data sets, by their ranks there)."""

import numpy as np
import pytest
from scipy import stats

from frlib.core.errors import ConfigError, ProtocolError
from frlib.stats.critical import critical, nemenyi_distance

DEMSAR = {
    "C4.5": [4, 1, 4, 4, 4, 1, 3, 2.5, 4, 2.5, 4, 3, 4, 3],
    "C4.5+m": [3, 2, 1, 1, 2, 2.5, 2, 2.5, 3, 2.5, 2.5, 2, 1, 1],
    "C4.5+cf": [2, 3, 2, 3, 3, 4, 4, 4, 2, 2.5, 1, 4, 2, 4],
    "C4.5+m+cf": [1, 4, 3, 2, 1, 2.5, 1, 1, 1, 2.5, 2.5, 1, 3, 2],
}


def test_critical_when_the_published_example_then_its_ranks_and_distance():
    found = critical(DEMSAR, higher=False)
    ranks = dict(zip(found.names, found.ranks, strict=True))
    assert ranks["C4.5"] == pytest.approx(3.143, abs=5e-4)
    assert ranks["C4.5+m"] == pytest.approx(2.000, abs=5e-4)
    assert ranks["C4.5+cf"] == pytest.approx(2.893, abs=5e-4)
    assert ranks["C4.5+m+cf"] == pytest.approx(1.964, abs=5e-4)
    assert found.distance == pytest.approx(1.25, abs=5e-3)
    assert critical(DEMSAR, alpha=0.1).distance == pytest.approx(1.12, abs=5e-3)


def test_critical_when_computed_then_friedman_is_that_of_scipy():
    found = critical(DEMSAR, higher=False)
    assert found.chi2 == pytest.approx(stats.friedmanchisquare(*DEMSAR.values()).statistic)
    f = 13 * found.chi2 / (14 * 3 - found.chi2)
    assert found.p == pytest.approx(stats.f.sf(f, 3, 39))


@pytest.mark.parametrize(("k", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_nemenyi_distance_when_from_the_printed_table_then_equal(k, q):
    assert nemenyi_distance(k, 10) == pytest.approx(q * np.sqrt(k * (k + 1) / 60), rel=5e-4)


def test_critical_when_two_are_far_ahead_then_two_cliques():
    draw = np.random.default_rng(0)
    base = draw.normal(size=30)
    shift = {"a": 5.0, "b": 5.0, "c": 0.0, "d": 0.0}
    found = critical({name: base + s + 0.1 * draw.normal(size=30) for name, s in shift.items()})
    for cliques in (found.nemenyi, found.wilcoxon):
        assert [set(clique) for clique in cliques] == [{"a", "b"}, {"c", "d"}]
    assert found.p < 1e-6
    assert found.p_wilcoxon[frozenset("ac")] < 0.001 < found.p_wilcoxon[frozenset("ab")]


def test_critical_when_less_is_better_then_the_order_turns_round():
    up, down = critical(DEMSAR), critical(DEMSAR, higher=False)
    assert set(up.names[-1:]) == set(down.names[:1])
    assert down.chi2 == pytest.approx(up.chi2)


def test_critical_when_all_tie_then_nothing_differs():
    found = critical({name: [0.5, 0.5, 0.5] for name in "abc"})
    assert (found.chi2, found.p, found.ranks) == (0.0, 1.0, (2.0, 2.0, 2.0))
    assert found.nemenyi == (("a", "b", "c"),)


def test_critical_when_every_benchmark_has_the_same_order_then_p_is_that_of_the_permutations():
    found = critical({"a": [3, 3, 3], "b": [2, 2, 2], "c": [1, 1, 1]})
    assert found.p == pytest.approx(1 / 36)


def test_critical_when_no_method_differs_then_false_claims_are_as_rare_as_said():
    draw = np.random.default_rng(1)
    friedman = nemenyi = wilcoxon = 0
    for _ in range(200):
        found = critical({name: draw.normal(size=12) for name in "abcd"})
        friedman += found.p < 0.05
        nemenyi += found.ranks[-1] - found.ranks[0] > found.distance
        wilcoxon += min(found.p_wilcoxon.values()) < 0.05
    for count in (friedman, nemenyi, wilcoxon):
        assert count / 200 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert friedman / 200 > 0.015


@pytest.mark.parametrize(
    "results",
    [{}, {"a": [1.0, 2.0]}, {"a": [1.0], "b": [2.0]}, {"a": [1.0, 2.0], "b": [1.0, 2.0, 3.0]}],
)
def test_critical_when_there_is_too_little_then_says_what_is_needed(results):
    with pytest.raises(ProtocolError, match="two or more methods"):
        critical(results)


def test_critical_when_a_number_is_missing_then_names_the_method():
    with pytest.raises(ProtocolError, match="benchmark: b"):
        critical({"a": [1.0, 2.0], "b": [np.nan, 1.0]})
    with pytest.raises(ConfigError, match="alpha=5"):
        critical(DEMSAR, alpha=5)
