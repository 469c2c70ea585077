"""The exact test against scipy's, and by hand."""

from fractions import Fraction
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import PermutationMethod, wilcoxon

from frlib.pruning._signed_rank import p_worse


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([], 1),
        ([0.0, 0.0], 1),
        ([-0.1], 1 / 2),
        ([-0.1, -0.2], 1 / 4),
        ([0.1, -0.2], 2 / 4),
        ([-0.1, 0.2], 3 / 4),
        ([-0.1, -0.2, 0.0], 1 / 4),
        ([0.1, -0.2, -0.3], 2 / 8),
        ([-0.1, 0.2, -0.3], 3 / 8),
        ([0.1, -0.1, -0.1], 4 / 8),
        ([0.3 - 0.2, -0.1, -0.1], 4 / 8),
        ([float("-inf"), -0.1, -0.2], 1 / 8),
    ],
)
def test_p_worse_when_worked_out_by_hand_then_agrees(differences: list[float], p: float) -> None:
    assert p_worse(differences) == p


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 10**6), min_size=1, max_size=20, unique=True), data=st.data())
def test_p_worse_when_sizes_differ_then_is_scipys_exact(
    sizes: list[int], data: st.DataObject
) -> None:
    signs = data.draw(st.lists(st.sampled_from((-1, 1)), min_size=20, max_size=20))
    found = [sign * size for sign, size in zip(signs, sizes, strict=False)]
    expected = wilcoxon(found, alternative="less", method="exact").pvalue
    assert p_worse(found) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(st.lists(st.integers(-3, 3).filter(bool), min_size=2, max_size=7))
def test_p_worse_when_sizes_tie_then_is_scipys_over_all_signs(found: list[int]) -> None:
    every = PermutationMethod(n_resamples=2 ** len(found))
    expected = wilcoxon(found, alternative="less", method=every).pvalue
    assert p_worse(found) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("replicates", "error"), [(3, Fraction(1, 4)), (4, Fraction(1, 3)), (5, Fraction(17, 48))]
)
def test_p_worse_when_two_arms_are_equal_then_one_is_stopped_as_often_as_racing_says(
    replicates: int, error: Fraction
) -> None:
    races = [
        [sign * size for sign, size in zip(signs, sizes, strict=True)]
        for sizes in permutations(range(1, replicates))
        for signs in product((-1, 1), repeat=replicates - 1)
    ]
    lost = [any(p_worse(r[:n]) <= 0.25 for n in range(2, replicates)) for r in races]
    assert Fraction(sum(lost), len(races)) == error
