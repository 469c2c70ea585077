import numpy as np
import pytest

from frlib.core.errors import DataError, NumericsError
from frlib.core.rows import row_norms


def test_norms_when_rows_differ_then_as_by_hand_and_one_for_a_zero_row():
    found = row_norms(np.array([[3, 4], [0, 0], [0, -2]], np.float32), "rows")
    assert found.dtype == np.float64
    assert found.tolist() == [5, 1, 2]


def test_norms_when_half_precision_then_no_overflow():
    assert row_norms(np.full((1, 4), 60_000, np.float16), "rows") == pytest.approx(120_000)


def test_norms_when_there_is_no_row_then_none():
    assert row_norms(np.zeros((0, 3)), "rows").shape == (0,)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_norms_when_a_row_has_none_then_numbered_from_the_first_row(value):
    rows = np.ones((3, 2))
    rows[1, 0] = value
    with pytest.raises(NumericsError, match="emb: row 11 has no finite length"):
        row_norms(rows, "emb", first_row=10)


@pytest.mark.parametrize("shape", [(3,), (2, 0), (1, 2, 3)])
def test_norms_when_not_rows_of_numbers_then_data_error(shape):
    with pytest.raises(DataError, match=r"emb: shape .* expected \(rows, dimensions\)"):
        row_norms(np.zeros(shape), "emb")
