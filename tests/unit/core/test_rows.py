import numpy as np
import pytest

from frlib.core import rows as rows_module
from frlib.core.errors import DataError, NumericsError
from frlib.core.rows import add_by_class, blocks, labels_of, row_norms


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


def test_blocks_when_joined_then_all_rows_in_float64_with_their_norms(monkeypatch):
    monkeypatch.setattr(rows_module, "BLOCK_NUMBERS", 6)
    rows = np.arange(14, dtype=np.float16).reshape(7, 2)
    found = list(blocks(rows, "rows"))
    assert [part for part, _, _ in found] == [slice(0, 3), slice(3, 6), slice(6, 7)]
    assert all(own.dtype == np.float64 for _, own, _ in found)
    np.testing.assert_array_equal(np.concatenate([own for _, own, _ in found]), rows)
    norms = np.concatenate([norm for _, _, norm in found])
    np.testing.assert_allclose(norms, np.linalg.norm(rows.astype(float), axis=1))


def test_add_by_class_when_classes_repeat_then_sums_of_all_and_others_left():
    total = np.ones((4, 2))
    add_by_class(total, np.array([[1.0, 2], [3, 4], [5, 6]]), np.array([2, 0, 2]))
    assert total.tolist() == [[4, 5], [1, 1], [7, 9], [1, 1]]


@pytest.mark.parametrize("labels", [[0], [0, 1, 2], [[0, 1]], [0, 2], [-1, 0]])
def test_labels_of_when_they_do_not_fit_the_rows_then_refused(labels):
    with pytest.raises(DataError, match="expected"):
        labels_of(np.ones((2, 3)), labels, 2)
