"""What a verification protocol must not notice: side, rotation, scale, order inside a fold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frlib.metrics import roc
from frlib.metrics.folds import contiguous
from frlib.metrics.val import val_at_far
from frlib.metrics.verification import VARIANTS

seeds = st.integers(0, 2**32 - 1)
folds = st.sampled_from([1, 2, 5])
few = settings(max_examples=15, deadline=None, derandomize=True)
names = pytest.mark.parametrize("name", sorted(VARIANTS))


def _faces(seed):
    """Whole-number embeddings of 64 pairs: sums over any order of them are exact in float32."""
    draw = np.random.default_rng(seed)
    same = draw.permutation(np.arange(64) % 2 == 0)
    left = draw.integers(-20, 21, size=(64, 6))
    right = np.where(same[:, None], left, draw.integers(-20, 21, size=(64, 6)))
    emb = np.empty((128, 6), np.float32)
    emb[0::2] = left + draw.integers(-9, 10, size=left.shape) + 3
    emb[1::2] = right + draw.integers(-9, 10, size=left.shape) + 3
    return draw, emb, draw.integers(-5, 6, size=emb.shape).astype(np.float32) + emb, same


def _run(name, emb, flip, same, fold, left=None, right=None):
    rows = np.arange(len(emb))
    left = rows[0::2] if left is None else left
    right = rows[1::2] if right is None else right
    return VARIANTS[name](emb, flip, left, right, same, fold)


def _equal(found, expected, order=slice(None)):
    assert found.accuracy_per_fold.tolist() == expected.accuracy_per_fold.tolist()
    assert found.threshold_per_fold.tolist() == expected.threshold_per_fold.tolist()
    assert found.score_P.tolist() == expected.score_P[order].tolist()
    assert found.correct_P.tolist() == expected.correct_P[order].tolist()


def _close(found, expected):
    """Equal up to rounding: a score may fall on the other side of a threshold it almost touches."""
    np.testing.assert_allclose(found.score_P, expected.score_P, rtol=0, atol=2e-5)
    near = np.abs(expected.score_P - expected.threshold_P) < 1e-2
    changed = found.correct_P != expected.correct_P
    assert not (changed & ~near).any()
    assert changed.sum() <= 2


@names
@few
@given(seed=seeds, k=folds)
def test_result_when_sides_are_swapped_then_identical(name, seed, k):
    _, emb, flip, same = _faces(seed)
    fold = contiguous(64, k)
    rows = np.arange(128)
    swapped = _run(name, emb, flip, same, fold, rows[1::2], rows[0::2])
    _equal(swapped, _run(name, emb, flip, same, fold))


@names
@few
@given(seed=seeds, k=folds)
def test_result_when_pairs_move_inside_their_fold_then_identical(name, seed, k):
    draw, emb, flip, same = _faces(seed)
    fold = contiguous(64, k)
    order = np.concatenate([draw.permutation(np.flatnonzero(fold == i)) for i in range(k)])
    moved = _run(name, emb, flip, same[order], fold, 2 * order, 2 * order + 1)
    _equal(moved, _run(name, emb, flip, same, fold), order)


@names
@few
@given(seed=seeds, k=folds, power=st.integers(-12, 12))
def test_result_when_embeddings_are_scaled_by_a_power_of_two_then_identical(name, seed, k, power):
    _, emb, flip, same = _faces(seed)
    fold, factor = contiguous(64, k), np.float32(2.0**power)
    _equal(_run(name, factor * emb, factor * flip, same, fold), _run(name, emb, flip, same, fold))


@names
@few
@given(seed=seeds, k=folds, factor=st.floats(1e-3, 1e3))
def test_result_when_embeddings_are_scaled_then_equal_up_to_rounding(name, seed, k, factor):
    _, emb, flip, same = _faces(seed)
    fold = contiguous(64, k)
    scaled = [(factor * view.astype(np.float64)).astype(np.float32) for view in (emb, flip)]
    _close(_run(name, *scaled, same, fold), _run(name, emb, flip, same, fold))


@names
@few
@given(seed=seeds, k=folds)
def test_result_when_space_is_rotated_then_equal_up_to_rounding(name, seed, k):
    draw, emb, flip, same = _faces(seed)
    fold = contiguous(64, k)
    rotation, _ = np.linalg.qr(draw.normal(size=(6, 6)))
    turned = [(view @ rotation).astype(np.float32) for view in (emb, flip)]
    _close(_run(name, *turned, same, fold), _run(name, emb, flip, same, fold))


@few
@given(seed=seeds, rule=st.sampled_from(["classic", "expface", "strict"]))
def test_val_when_pairs_move_inside_their_fold_then_identical(seed, rule):
    draw = np.random.default_rng(seed)
    same = np.tile([True, False], 30)
    distance = np.clip(draw.normal(2 - same, 0.7), 0, 4)
    fold = contiguous(60, 3)
    order = np.concatenate([draw.permutation(np.flatnonzero(fold == i)) for i in range(3)])
    found = val_at_far(distance[order], same[order], fold, 0.1, rule)
    expected = val_at_far(distance, same, fold, 0.1, rule)
    assert found.threshold_per_fold.tolist() == expected.threshold_per_fold.tolist()
    assert found.val_per_fold.tolist() == expected.val_per_fold.tolist()


@few
@given(seed=seeds, levels=st.sampled_from([2, 5, 1000]))
def test_auc_and_eer_when_scores_are_mapped_by_an_increasing_function_then_identical(seed, levels):
    draw = np.random.default_rng(seed)
    same = np.tile([True, False], 30)
    score = np.round(levels * (draw.normal(size=60) + same)) / levels
    assert roc.auc(np.exp(score), same) == roc.auc(score, same)
    assert roc.eer(np.exp(score), same) == roc.eer(score, same)
