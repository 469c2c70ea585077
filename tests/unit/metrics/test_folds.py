import numpy as np
import pytest

from frlib.core.errors import ProtocolError
from frlib.metrics import folds


@pytest.mark.parametrize(
    ("pairs", "k", "sizes"),
    [(603, 10, [61] * 3 + [60] * 7), (10, 10, [1] * 10), (7, 1, [7]), (5, 2, [3, 2])],
)
def test_contiguous_when_not_divisible_then_first_folds_get_one_more(pairs, k, sizes):
    found = folds.contiguous(pairs, k)
    assert np.bincount(found).tolist() == sizes
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize(("pairs", "k"), [(3, 4), (3, 0), (0, 1)])
def test_contiguous_when_a_fold_would_be_empty_then_says_so(pairs, k):
    with pytest.raises(ProtocolError, match=f"{k} folds of {pairs} pairs"):
        folds.contiguous(pairs, k)


def test_numbered_when_ids_have_gaps_then_positions_follow_the_ids():
    position, count = folds.numbered([30, -1, 7, 30], 4)
    assert position.tolist() == [2, 0, 1, 2]
    assert count == 3


@pytest.mark.parametrize("fold", [[0, 1], [0.0, 1.0, 2.0], [[0], [1], [2]]])
def test_numbered_when_ids_do_not_fit_then_protocol_error(fold):
    with pytest.raises(ProtocolError, match="3 pairs"):
        folds.numbered(fold, 3)


def test_same_flags_when_zero_and_one_then_bool():
    assert folds.same_flags([1, 0, 1], 3).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([1, 1, 1], "3 same and 0 different"),
        ([False] * 3, "0 same and 3 different"),
        ([1, -1, 1], "-1"),
        ([1, 0], "shape"),
    ],
)
def test_same_flags_when_unusable_then_error_with_counts(flags, message):
    with pytest.raises(ProtocolError, match=message):
        folds.same_flags(flags, 3)
