"""Cosines of pairs after a mean was subtracted, for all folds in two passes over the features.

With the mean m of the pairs that choose the threshold of a fold,

    (a - m).(b - m) = a.b - m.a - m.b + m.m       |a - m|^2 = |a|^2 - 2 m.a + m.m

so one product of all features with all means replaces centring and normalising them K times. In
float64, with m rounded to float32 as the sources have it. Where subtraction cancels (|a - m|^2
below a millionth of |a|^2 + |m|^2) what is left is rounding: such a pair is computed in float32
step by step as the source does, rounding of the mean included, so that its result is the source's.

Shapes: P pairs, D dimensions, K folds.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.metrics import folds
from frlib.metrics.embeddings import blocks, normalise

Side = Callable[[NDArray[np.integer[Any]] | slice], NDArray[np.float32]]
"""Pairs to the features `[n, D]` of one of their sides."""
_CANCELS = 1e-6


def cosines(
    left: Side, right: Side, fold_P: NDArray[np.int64], num_folds: int
) -> NDArray[np.float32]:
    """`[P, K]` cosine of every pair in the centring of every fold.

    A feature equal to the mean has no direction; its cosine is 0.
    """
    product_P, left_P, right_P, sum_KD = _sums(left, right, fold_P, num_folds)
    mean_KD = _means(sum_KD, fold_P, num_folds)
    mean_K = np.vecdot(mean_KD, mean_KD)
    cosine_PK = np.empty((len(fold_P), num_folds), dtype=np.float32)
    cancels_PK = np.empty(cosine_PK.shape, dtype=bool)
    for at in blocks(len(fold_P)):
        cosine_PK[at], cancels_PK[at] = _expanded(
            product_P[at, None],
            left_P[at, None],
            right_P[at, None],
            left(at).astype(np.float64) @ mean_KD.T,
            right(at).astype(np.float64) @ mean_KD.T,
            mean_K,
        )
    for fold in np.flatnonzero(cancels_PK.any(axis=0)).tolist():
        pairs = np.flatnonzero(cancels_PK[:, fold])
        chooses_P = folds.chooses(fold_P, fold, num_folds)
        cosine_PK[pairs, fold] = _step_by_step(left, right, pairs, np.flatnonzero(chooses_P))
    return cosine_PK


def _sums(
    left: Side, right: Side, fold_P: NDArray[np.int64], num_folds: int
) -> tuple[NDArray[np.float64], ...]:
    """a.b, |a|^2 and |b|^2 `[P]` of all pairs, and the sums of both sides `[K, D]` of the folds."""
    product_P, left_P, right_P = np.empty((3, len(fold_P)))
    sums = []
    for fold in range(num_folds):
        member = np.flatnonzero(fold_P == fold)
        total = np.float64(0)
        for at in blocks(len(member)):
            rows = member[at]
            a, b = left(rows).astype(np.float64), right(rows).astype(np.float64)
            product_P[rows] = np.vecdot(a, b)
            left_P[rows], right_P[rows] = np.vecdot(a, a), np.vecdot(b, b)
            a += b
            total = total + a.sum(axis=0)
        sums.append(total)
    return product_P, left_P, right_P, np.stack(sums)


def _means(
    sum_KD: NDArray[np.float64], fold_P: NDArray[np.int64], num_folds: int
) -> NDArray[np.float64]:
    """`[K, D]` mean over both sides of the pairs that choose, as float32 numbers."""
    num_K = np.array([folds.chooses(fold_P, fold, num_folds).sum() for fold in range(num_folds)])
    chosen_KD = sum_KD.sum(axis=0) - sum_KD if num_folds > 1 else sum_KD
    mean_KD: NDArray[np.float64] = chosen_KD / (2 * num_K)[:, None]
    return mean_KD.astype(np.float32).astype(np.float64)


def _expanded(
    product: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    on_left: NDArray[np.float64],
    on_right: NDArray[np.float64],
    mean: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Cosines, and where they are not to be trusted (there the number means nothing)."""
    left_norm, right_norm = left - 2 * on_left + mean, right - 2 * on_right + mean
    cancels = (left_norm <= _CANCELS * (left + mean)) | (right_norm <= _CANCELS * (right + mean))
    norm = np.sqrt(np.where(cancels, 1, left_norm * right_norm))
    return (product - on_left - on_right + mean) / norm, cancels


def _step_by_step(
    left: Side, right: Side, pairs: NDArray[np.int64], chooses: NDArray[np.int64]
) -> NDArray[np.float32]:
    mean_D = np.mean(np.concatenate((left(chooses), right(chooses))), axis=0)
    found = np.empty(len(pairs), dtype=np.float32)
    for at in blocks(len(pairs)):
        a, b = (normalise(side(pairs[at]) - mean_D) for side in (left, right))
        found[at] = np.sum(a * b, axis=1)
    return found
