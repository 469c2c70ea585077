import numpy as np
import pytest

from frlib.core.errors import ConfigError, ProtocolError
from frlib.stats import paired

NAN = float("nan")


def test_paired_t_when_random_then_as_scipy():
    from scipy import stats

    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(2, 6))
    found = paired.paired_t(a, b)
    assert found.p == pytest.approx(stats.ttest_rel(a, b).pvalue, rel=1e-12)
    assert found.difference == pytest.approx((a - b).mean())
    assert found.n == 6


def test_paired_t_when_two_replicates_then_the_arctangent_formula():
    found = paired.paired_t([3.0, 5.0], [1.0, 1.0])
    assert found.p == pytest.approx(1 - 2 * np.arctan(3) / np.pi)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_paired_t_when_nothing_differs_then_p_is_uniform(n):
    draw = np.random.default_rng(n)
    p = np.array([paired.paired_t(*draw.normal(size=(2, n))).p for _ in range(2000)])
    edges = np.linspace(0, 1, 21)
    gap = np.abs(np.array([(p <= e).mean() for e in edges]) - edges).max()
    assert gap < 1.7 / np.sqrt(2000)


@pytest.mark.parametrize(
    ("a", "b", "n"),
    [
        ([0.9], [0.8], 1),
        ([0.9, NAN], [0.8, 0.7], 1),
        ([NAN, 0.9], [0.8, NAN], 0),
        ([0.9, 0.8, 0.7], [0.8, 0.7, 0.6], 3),
        ([0.9] * 4, [0.8] * 4, 4),
    ],
)
def test_paired_t_when_spread_cannot_be_estimated_then_p_is_nan(a, b, n):
    found = paired.paired_t(a, b)
    assert np.isnan(found.p)
    assert found.n == n


def test_paired_t_when_all_differences_are_zero_then_p_is_one():
    assert paired.paired_t([0.9, 0.8], [0.9, 0.8]).p == 1.0


def test_paired_t_when_a_replicate_is_missing_then_the_others_are_used():
    whole = paired.paired_t([3.0, 5.0, 4.5], [1.0, 1.0, 2.0])
    assert paired.paired_t([3.0, NAN, 5.0, 4.5], [1.0, 9.0, 1.0, 2.0]) == whole


def test_paired_t_when_lengths_differ_then_protocol_error():
    with pytest.raises(ProtocolError, match=r"\(2,\) and \(3,\)"):
        paired.paired_t([1, 2], [1, 2, 3])


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [(0, 0, 1.0), (5, 0, 2 / 32), (3, 3, 1.0), (1, 7, 2 * 9 / 256), (2, 2, 1.0)],
)
def test_mcnemar_when_discordant_pairs_are_counted_then_exact_binomial(only_a, only_b, p):
    a = np.r_[np.ones(only_a, bool), np.zeros(only_b, bool), [True, False]]
    b = np.r_[np.zeros(only_a, bool), np.ones(only_b, bool), [True, False]]
    found = paired.mcnemar(a, b)
    assert (found.only_a, found.only_b) == (only_a, only_b)
    assert found.p == pytest.approx(p, abs=1e-15)


@pytest.mark.parametrize(
    ("only_a", "only_b", "mid_p"),
    [(0, 0, 1.0), (5, 0, 1 / 32), (3, 3, 1.0), (1, 7, (2 + 8) / 256), (0, 1, 0.5)],
)
def test_mcnemar_when_mid_p_then_the_observed_counts_half(only_a, only_b, mid_p):
    a = np.r_[np.ones(only_a, bool), np.zeros(only_b, bool)]
    found = paired.mcnemar(a, ~a)
    assert found.mid_p == pytest.approx(mid_p, abs=1e-15)
    assert found.mid_p <= found.p


def test_mcnemar_when_nothing_differs_then_mid_p_is_close_to_its_level():
    draw = np.random.default_rng(1)
    p = np.array([paired.mcnemar(*(draw.random((2, 300)) < 0.9)).mid_p for _ in range(1500)])
    for level in (0.05, 0.2):
        assert (p <= level).mean() == pytest.approx(level, abs=0.02)


def test_paired_bootstrap_when_clusters_are_folds_then_as_the_bootstrap_of_differences():
    from frlib.stats.intervals import bootstrap_interval

    draw = np.random.default_rng(0)
    a, b = draw.random((2, 200)) < [[0.9], [0.8]]
    fold = np.repeat(np.arange(10), 20)
    found = paired.paired_bootstrap(a, b, seed=3, clusters=fold)
    wanted = bootstrap_interval(a.astype(float) - b, seed=3, clusters=fold)
    assert found.difference == wanted
    assert (found.p <= 0.05) == (wanted.low > 0)


@pytest.mark.parametrize("n", [30, 200])
def test_paired_bootstrap_when_nothing_differs_then_p_is_nearly_uniform(n):
    draw = np.random.default_rng(n)
    p = np.array(
        [
            paired.paired_bootstrap(*draw.normal(size=(2, n)), seed=i, resamples=400).p
            for i in range(600)
        ]
    )
    for level in (0.05, 0.2, 0.5):
        assert (p <= level).mean() == pytest.approx(level, abs=0.04)


def test_paired_bootstrap_when_nothing_or_one_cluster_differs_then_no_claim():
    same = paired.paired_bootstrap([1.0, 0.0, 1.0], [1.0, 0.0, 1.0], seed=0)
    assert (same.difference.value, same.p) == (0.0, 1.0)
    one = paired.paired_bootstrap([1.0, 1.0], [0.0, 0.0], seed=0, clusters=[7, 7])
    assert one.difference.value == 1.0 and np.isnan(one.p)


def test_paired_bootstrap_when_rows_do_not_match_then_protocol_error():
    for a, b in (([1.0, 2.0], [1.0]), ([1.0, NAN], [1.0, 2.0])):
        with pytest.raises(ProtocolError, match="same rows"):
            paired.paired_bootstrap(a, b, seed=0)


def test_mcnemar_when_nothing_differs_then_p_is_rarely_small():
    draw = np.random.default_rng(0)
    p = np.array([paired.mcnemar(*(draw.random((2, 300)) < 0.9)).p for _ in range(1500)])
    for level in (0.01, 0.05, 0.2):
        assert (p <= level).mean() <= level + 3 * np.sqrt(level * (1 - level) / 1500)


def test_mcnemar_when_verdicts_are_not_bool_then_protocol_error():
    with pytest.raises(ProtocolError, match="rows of bool"):
        paired.mcnemar([0.9, 0.1], [True, False])


def test_holm_when_random_then_as_statsmodels():
    from statsmodels.stats.multitest import multipletests

    draw = np.random.default_rng(0)
    for n in (1, 2, 9):
        p = draw.random(n) ** 3
        np.testing.assert_allclose(paired.holm(p), multipletests(p, method="holm")[1], rtol=1e-12)


def test_holm_when_worked_by_hand_then_known_values():
    found = paired.holm([0.01, 0.04, 0.03, 0.005])
    np.testing.assert_allclose(found, [0.03, 0.06, 0.06, 0.02])


def test_holm_when_a_test_is_missing_then_it_still_counts():
    found = paired.holm([0.02, NAN])
    assert found[0] == 0.04
    assert np.isnan(found[1])
    assert paired.holm([]).tolist() == []


def _arms(gap, n=5, arms=3, seed=0):
    draw = np.random.default_rng(seed)
    return {f"arm{i}": 0.9 - gap * i + 0.01 * draw.normal(size=n) for i in range(arms)}


def test_best_of_when_far_apart_then_the_first_is_marked():
    found = paired.best_of(_arms(0.2))
    assert found.best == "arm0"
    assert found.order == ("arm0", "arm1", "arm2")
    assert found.tied == {"arm0"}
    assert found.reason == ""
    assert all(p < 0.05 for p in found.adjusted_p.values())


def test_best_of_when_lower_is_better_then_the_lowest_is_marked():
    assert paired.best_of(_arms(0.2), higher=False).best == "arm2"


def test_best_of_when_one_rival_is_close_then_both_tie_and_the_third_does_not():
    rows = _arms(0.2)
    rows["rival"] = rows["arm0"] + np.array([-0.02, 0.02, -0.01, 0.01, -0.001])
    found = paired.best_of(rows)
    assert found.best is None
    assert found.tied == {"arm0", "rival"}
    assert "arm0" in found.reason and "rival" in found.reason


def test_best_of_when_significant_alone_but_not_after_holm_then_not_marked():
    base = np.zeros(6)
    step = 0.01 * np.array([1.0, 0.2, 1.4, 0.9, 0.1, 0.3])
    alone = paired.best_of({"a": step, "b": base})
    assert alone.best == "a"
    crowd = {"a": step, **{f"b{i}": base.copy() for i in range(8)}}
    assert paired.best_of(crowd).best is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"a": [0.9], "b": [0.1]}, "one replicate"),
        ({"a": [0.9, 0.91, 0.92]}, "only entry"),
        ({"a": [0.9, 0.9, 0.9], "b": [0.8, 0.8, 0.8]}, "not shown to differ from b"),
        ({"a": [0.9, 0.8], "b": [0.9, 0.8]}, "not shown to differ from b"),
        ({"a": [0.9, NAN, 0.92, 0.91], "b": [0.1, 0.12, 0.13, 0.15]}, "3 of 4 replicates"),
        ({"a": [NAN, NAN], "b": [NAN, NAN]}, "no entry"),
        ({}, "no entry"),
    ],
)
def test_best_of_when_evidence_is_missing_then_nothing_is_marked(rows, message):
    found = paired.best_of(rows)
    assert found.best is None
    assert message in found.reason


def test_best_of_when_another_entry_is_missing_then_it_is_named_and_not_a_rival():
    found = paired.best_of({**_arms(0.2), "failed": np.full(5, NAN)})
    assert found.best == "arm0"
    assert found.missing == {"failed"}
    assert "failed" not in found.order


def test_best_of_when_nothing_differs_then_marks_are_rare():
    draw = np.random.default_rng(1)
    marked = [
        paired.best_of({str(i): draw.normal(size=5) for i in range(4)}).best for _ in range(600)
    ]
    assert np.mean([m is not None for m in marked]) <= 0.05


def test_best_of_when_replicates_do_not_match_then_protocol_error():
    with pytest.raises(ProtocolError, match="same replicates"):
        paired.best_of({"a": [1, 2], "b": [1, 2, 3]})
    with pytest.raises(ConfigError, match="alpha=5"):
        paired.best_of(_arms(0.1), alpha=5)
