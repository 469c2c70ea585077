import numpy as np
import pytest

from frlib.core.errors import ConfigError, NumericsError, ProtocolError
from frlib.metrics import listed
from frlib.metrics.listed import cheaper, pair_scores


def _templates(seed, left=30, right=50, pairs=900, dim=24):
    draw = np.random.default_rng(seed)
    sides = [draw.normal(size=(count, dim)) for count in (left, right)]
    sides = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides]
    return (*sides, draw.integers(0, left, pairs), draw.integers(0, right, pairs))


def _direct(left, right, rows, columns):
    return (left[rows].astype(np.float64) * right[columns]).sum(axis=1)


@pytest.mark.parametrize("way", ["dense", "gather", None])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("is_sorted", [True, False])
def test_scores_when_any_way_then_equal_the_direct_products(way, kind, is_sorted):
    left, right, rows, columns = _templates(0)
    left, right = left.astype(kind), right.astype(kind)
    rows = np.sort(rows) if is_sorted else rows
    found = pair_scores(left, right, rows.astype(np.int32), columns.astype(np.int32), way)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, _direct(left, right, rows, columns), rtol=0, atol=1e-6)


@pytest.mark.parametrize("way", ["dense", "gather"])
def test_scores_when_blocks_are_small_and_rows_unused_then_the_same(monkeypatch, way):
    left, right, rows, columns = _templates(1)
    rows, columns = rows - rows % 3, columns - columns % 7
    expected = _direct(left, right, rows, columns)
    monkeypatch.setattr(listed, "_CELLS", 40)
    monkeypatch.setattr(listed, "_PICKED", 11)
    monkeypatch.setattr(listed, "_GATHERED", 13)
    np.testing.assert_allclose(pair_scores(left, right, rows, columns, way), expected, atol=1e-6)


def test_scores_when_more_rows_than_16_bits_then_the_same():
    draw = np.random.default_rng(2)
    side = draw.normal(size=(2**16 + 5, 3)) / 3
    rows = draw.permutation(len(side))
    columns = draw.integers(0, len(side), len(side))
    found = pair_scores(side, side, rows, columns)
    np.testing.assert_allclose(found, _direct(side, side, rows, columns), atol=1e-6)


@pytest.mark.parametrize("way", ["dense", "gather"])
def test_scores_when_a_pair_repeats_then_both_get_its_score(way):
    left, right, *_ = _templates(3)
    found = pair_scores(left, right, [4, 4, 1, 4], [9, 8, 9, 9], way)
    assert found[0] == found[3]
    assert len(set(found.tolist())) == 3


def test_cheaper_when_the_list_is_full_or_thin_then_dense_or_gather():
    assert cheaper(15_660_000, 3_531, 19_593) == "dense"
    assert cheaper(6_000, 6_000, 6_000) == "gather"


@pytest.mark.parametrize(
    ("rows", "columns", "error", "text"),
    [
        ([0, 30], [0, 0], ProtocolError, "pair 1 asks for left template 30 of 30"),
        ([0, 0], [-1, 0], ProtocolError, "pair 0 asks for right template -1"),
        ([0, 0], [0], ProtocolError, "2 left and 1 right"),
        ([], [], ProtocolError, "at least one"),
        ([0.5], [0], ProtocolError, "whole"),
    ],
)
def test_scores_when_the_list_does_not_fit_then_typed_error(rows, columns, error, text):
    left, right, *_ = _templates(4)
    with pytest.raises(error, match=text):
        pair_scores(left, right, rows, columns)


def test_scores_when_features_are_unusable_then_typed_error():
    left, right, rows, columns = _templates(5)
    with pytest.raises(ProtocolError, match="24 dimensions, right ones 9"):
        pair_scores(left, right[:, :9], rows, columns)
    with pytest.raises(ConfigError, match="'sparse'"):
        pair_scores(left, right, rows, columns, "sparse")
    right[7] = np.nan
    with pytest.raises(NumericsError, match="right templates: row 7"):
        pair_scores(left, right, rows, columns)
