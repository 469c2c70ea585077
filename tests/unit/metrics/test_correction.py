import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frlib.cleaning import findings
from frlib.core.errors import DataError
from frlib.metrics import correction
from frlib.metrics.correction import (
    DUPLICATE,
    FLIP,
    HAS_CLASS,
    MISPLACED,
    NONE,
    OUTLIER,
    WRONG,
    counted,
)

FAULT = np.array([NONE, NONE, NONE, FLIP, FLIP, FLIP, OUTLIER, OUTLIER, DUPLICATE])
TRUE = np.array([0, 1, 1, 2, 2, 0, -1, 7, 3])
FLAGGED = np.array([False, True, False, True, True, False, True, False, True])
PROPOSED = np.array([-1, 0, -1, 2, 1, -1, 0, -1, 3])


def test_counted_when_mixed_then_every_rate_is_as_counted_by_hand() -> None:
    found = counted(FAULT, FLAGGED, PROPOSED, TRUE)
    assert found.size == (3, 3, 2, 1)
    assert found.flagged == (1, 2, 1, 1)
    assert found.proposed == (1, 2, 1, 1)
    assert found.right == (0, 1, 0, 1)
    assert (found.num(), found.num_flagged()) == (6, 4)
    assert (found.precision(), found.recall()) == (4 / 5, 4 / 6)
    assert found.f1() == pytest.approx(2 / (5 / 4 + 6 / 4))
    assert found.harm == 1 / 3
    assert found.relabel_accuracy() == 2 / 4
    assert (found.precision((FLIP,)), found.recall((FLIP,))) == (2 / 3, 2 / 3)
    assert found.relabel_accuracy((FLIP,)) == 1 / 2
    assert found.recall(MISPLACED) == 3 / 4
    assert found.precision((OUTLIER,)) == found.recall((OUTLIER,)) == 1 / 2


def test_counted_when_nothing_is_flagged_then_precision_is_undefined_and_f1_zero() -> None:
    found = counted(FAULT, np.zeros(9, bool), np.full(9, -1), TRUE)
    assert math.isnan(found.precision()) and math.isnan(found.relabel_accuracy())
    assert (found.recall(), found.f1(), found.harm) == (0, 0, 0)


def test_counted_when_nothing_is_wrong_then_recall_is_undefined_and_precision_zero() -> None:
    found = counted([NONE, NONE], [True, False], [1, -1], [0, 1])
    assert (found.precision(), found.harm, found.relabel_accuracy()) == (0, 1 / 2, 0)
    assert math.isnan(found.recall()) and math.isnan(found.f1())


def test_counted_when_a_proposal_is_not_flagged_then_it_does_not_count() -> None:
    assert counted([FLIP], [False], [2], [2]).proposed == (0, 0, 0, 0)


def test_counted_when_there_are_no_samples_then_all_is_undefined() -> None:
    found = counted([], [], [], [])
    rates = (found.precision(), found.recall(), found.f1(), found.harm, found.relabel_accuracy())
    assert all(math.isnan(rate) for rate in rates)


def _share(part: list, whole: list) -> float:
    return len(part) / len(whole) if whole else math.nan


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.booleans(), st.integers(-1, 2), st.integers(0, 2)),
        max_size=12,
    ),
    st.sampled_from([WRONG, MISPLACED, (FLIP,), (OUTLIER,), (DUPLICATE,)]),
)
def test_rates_when_compared_with_plain_lists_then_equal(
    samples: list[tuple[int, bool, int, int]], among: tuple[int, ...]
) -> None:
    columns = zip(*samples, strict=True) if samples else ([], [], [], [])
    found = counted(*(np.array(column, dtype=int) for column in columns))
    hits = [s for s in samples if s[0] in among and s[1]]
    false = [s for s in samples if s[0] == NONE and s[1]]
    size = [s for s in samples if s[0] in among]
    told = [s for s in samples if s[0] in HAS_CLASS and s[1] and s[2] != -1]
    right = [s for s in told if s[2] == s[3]]
    precision, recall = _share(hits, hits + false), _share(hits, size)
    np.testing.assert_equal(found.precision(among), precision)
    np.testing.assert_equal(found.recall(among), recall)
    np.testing.assert_equal(found.relabel_accuracy(), _share(right, told))
    if not size:
        assert math.isnan(found.f1(among))
    elif not hits:
        assert found.f1(among) == 0
    else:
        assert found.f1(among) == pytest.approx(2 / (1 / precision + 1 / recall))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([0, 1], [True], [0, 0], [0, 0]), r"flags \(1,\)"),
        (([-1], [True], [0], [0]), "faults from -1 to -1"),
        (([4], [True], [0], [0]), "faults from 4 to 4"),
        (([0], [True], [1.5], [0]), "whole numbers"),
        (([[0]], [[True]], [[0]], [[0]]), "one entry a sample"),
    ],
)
def test_counted_when_columns_do_not_fit_then_data_error(columns: tuple, message: str) -> None:
    with pytest.raises(DataError, match=message):
        counted(*columns)


def test_no_proposal_when_compared_then_is_that_of_findings() -> None:
    assert correction.NO_PROPOSAL == findings.NO_PROPOSAL
