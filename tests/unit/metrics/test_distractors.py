import numpy as np
import pytest

from frlib.core.errors import NumericsError, ProtocolError
from frlib.metrics import distractors


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(distractors, "BLOCK", 7)
    monkeypatch.setattr(distractors, "_CELLS", 21)


def _rows(n, dim=5, seed=0):
    return np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)


@pytest.mark.parametrize("k", [1, 3, 60])
@pytest.mark.parametrize("many", [1, 10**9])
def test_strongest_when_blocks_are_small_then_as_a_sort_of_everything(
    small_blocks, monkeypatch, k, many
):
    monkeypatch.setattr(distractors, "_MANY", many)
    probes, others = distractors.unit(_rows(11), "p"), _rows(40, seed=1)
    group = np.array([0] * 6 + [2] * 5)
    found = distractors.strongest(
        probes, distractors.unit_blocks(others), k, group_M=group, tails=(5, 4, 1000)
    )
    scores = probes @ distractors.unit(others, "d").T
    wanted = np.full((11, k), -np.inf)
    wanted[:, : min(k, 40)] = -np.sort(-scores, axis=1)[:, :k]
    np.testing.assert_allclose(found.top_MK, wanted, rtol=0, atol=1e-6)
    assert found.num == 40
    parts = (scores[:6], scores[:0], scores[6:])
    for tail, rows, size in zip(found.tails, parts, (5, 4, 1000), strict=True):
        np.testing.assert_allclose(tail, -np.sort(-rows.ravel())[:size], rtol=0, atol=1e-6)


def test_strongest_when_no_tail_is_asked_then_none_is_kept(small_blocks):
    probes = distractors.unit(_rows(3), "p")
    found = distractors.strongest(probes, distractors.unit_blocks(_rows(30)), 2, tails=(0,))
    assert [len(tail) for tail in found.tails] == [0]
    assert np.isfinite(found.top_MK).all()


def test_strongest_when_there_is_no_distractor_then_minus_infinite():
    found = distractors.strongest(distractors.unit(_rows(3), "p"), iter(()), 2, tails=(4,))
    assert (found.top_MK == -np.inf).all()
    assert (found.num, len(found.tails[0])) == (0, 0)


def test_unit_blocks_when_rows_are_left_out_then_the_others_come_in_order(small_blocks):
    rows = _rows(20)
    leave_out = np.arange(20) % 3 == 0
    leave_out[7:14] = True
    found = np.concatenate(list(distractors.unit_blocks(rows, leave_out)))
    np.testing.assert_array_equal(found, distractors.unit(rows[~leave_out], "d"))
    picked = np.concatenate(list(distractors.unit_rows(rows, np.flatnonzero(leave_out))))
    np.testing.assert_array_equal(picked, distractors.unit(rows[leave_out], "d"))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_unit_when_any_type_then_float32_of_length_one(dtype):
    found = distractors.unit(3 * _rows(4).astype(dtype), "d")
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (np.nan, NumericsError, "row 2 is not finite"),
        (np.inf, NumericsError, "row 2 is not finite"),
        (1e30, NumericsError, "too large"),
        (0.0, ProtocolError, "row 2 is all zeros"),
    ],
)
def test_unit_when_a_row_is_bad_then_error_names_it(spoil, error, message):
    rows = _rows(4)
    rows[2] = spoil
    with pytest.raises(error, match=message):
        distractors.unit(rows, "distractors")


@pytest.mark.parametrize("shape", [(3,), (0, 4), (4, 0), (2, 2, 2)])
def test_unit_when_no_table_then_protocol_error(shape):
    with pytest.raises(ProtocolError, match="expected \\(images, dimensions\\)"):
        distractors.unit(np.ones(shape), "probes")
