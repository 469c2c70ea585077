"""Pair verification as the published scripts compute it, to measure against: loops.

The steps of insightface's `eval/verification.py` (both grids) and of BoundaryFace's
`eval/eval_lfw.py`, written down once more without any short cut: every threshold of every fold
compares all scores, and BoundaryFace centres and normalises all features in every fold.

Shapes: N images, two a pair; P pairs, D dimensions, T thresholds, K folds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Plain:
    """accuracy and threshold: `[K]`. val and far: means over folds; tpr, fpr: `[T]`, also means."""

    accuracy: Floats
    threshold: Floats
    tpr: Floats
    fpr: Floats
    val: float
    far: float


def distances(emb_ND: Floats, flip_ND: Floats) -> Floats:
    """`[P]` squared distance of summed and normalised views; pair p is rows 2p and 2p + 1."""
    summed = emb_ND.astype(np.float64) + flip_ND
    unit = summed / np.linalg.norm(summed, axis=1, keepdims=True)
    difference = unit[0::2] - unit[1::2]
    found: Floats = np.sum(np.square(difference), axis=1)
    return found


def insightface(distance_P: Floats, same_P: Bools, fold_P: NDArray[np.int64], far: float) -> Plain:
    """Accuracy and mean ROC on 400 thresholds, VAL on 4000, ten folds or any other number."""
    coarse, fine = np.arange(0, 4, 0.01), np.arange(0, 4, 0.001)
    num_folds = int(fold_P.max()) + 1
    accuracy, chosen = np.zeros(num_folds), np.zeros(num_folds)
    tprs, fprs = (np.zeros((num_folds, len(coarse))) for _ in range(2))
    vals, fars = np.zeros(num_folds), np.zeros(num_folds)
    for fold in range(num_folds):
        train, test = np.flatnonzero(fold_P != fold), np.flatnonzero(fold_P == fold)
        on_train = np.zeros(len(coarse))
        for at, threshold in enumerate(coarse):
            on_train[at] = _rates(threshold, distance_P[train], same_P[train])[2]
        chosen[fold] = coarse[np.argmax(on_train)]
        for at, threshold in enumerate(coarse):
            tprs[fold, at], fprs[fold, at], _ = _rates(threshold, distance_P[test], same_P[test])
        accuracy[fold] = _rates(chosen[fold], distance_P[test], same_P[test])[2]
        far_train = np.zeros(len(fine))
        for at, threshold in enumerate(fine):
            far_train[at] = _val_far(threshold, distance_P[train], same_P[train])[1]
        best = _interpolated(far_train, fine, far)
        vals[fold], fars[fold] = _val_far(best, distance_P[test], same_P[test])
    return Plain(
        accuracy, chosen, tprs.mean(0), fprs.mean(0), float(vals.mean()), float(fars.mean())
    )


def boundaryface(
    left_PD: Floats, right_PD: Floats, same_P: Bools, fold_P: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Accuracy and threshold `[K]`: features centred in each fold, 20001 thresholds in turn."""
    grid = np.arange(-10_000, 10_001) / 10_000
    num_folds = int(fold_P.max()) + 1
    accuracy, chosen = np.zeros(num_folds), np.zeros(num_folds)
    flags = np.where(same_P, 1, -1)
    for fold in range(num_folds):
        train, test = fold_P != fold, fold_P == fold
        mean = np.mean(np.concatenate((left_PD[train], right_PD[train])), axis=0)
        left, right = left_PD - mean, right_PD - mean
        left = left / np.sqrt(np.sum(np.power(left, 2), axis=1, keepdims=True))
        right = right / np.sqrt(np.sum(np.power(right, 2), axis=1, keepdims=True))
        scores = np.sum(np.multiply(left, right), axis=1)
        on_train = np.zeros(len(grid))
        for at, threshold in enumerate(grid):
            on_train[at] = _accuracy(scores[train], flags[train], threshold)
        chosen[fold] = np.mean(grid[on_train == on_train.max()])
        accuracy[fold] = _accuracy(scores[test], flags[test], chosen[fold])
    return accuracy, chosen


def _rates(threshold: float, distance: Floats, same: Bools) -> tuple[float, float, float]:
    predicted = np.less(distance, threshold)
    tp = np.sum(np.logical_and(predicted, same))
    fp = np.sum(np.logical_and(predicted, np.logical_not(same)))
    tn = np.sum(np.logical_and(np.logical_not(predicted), np.logical_not(same)))
    fn = np.sum(np.logical_and(np.logical_not(predicted), same))
    tpr = 0.0 if tp + fn == 0 else float(tp) / float(tp + fn)
    fpr = 0.0 if fp + tn == 0 else float(fp) / float(fp + tn)
    return tpr, fpr, float(tp + tn) / distance.size


def _val_far(threshold: float, distance: Floats, same: Bools) -> tuple[float, float]:
    predicted = np.less(distance, threshold)
    accepted = np.sum(np.logical_and(predicted, same))
    wrongly = np.sum(np.logical_and(predicted, np.logical_not(same)))
    num_same, num_different = np.sum(same), np.sum(np.logical_not(same))
    return float(accepted) / float(num_same), float(wrongly) / float(num_different)


def _interpolated(far: Floats, grid: Floats, target: float) -> float:
    """Between the last point with FAR <= target and the first above it."""
    if far.max() < target:
        return 0.0
    above = int(np.argmax(far > target))
    low, high = far[above - 1], far[above]
    part = (target - low) / (high - low)
    return float(grid[above - 1] + part * (grid[above] - grid[above - 1]))


def _accuracy(scores: Floats, flags: NDArray[np.int64], threshold: float) -> float:
    right = np.sum(scores[flags == 1] > threshold) + np.sum(scores[flags == -1] < threshold)
    return float(right) / len(scores)
