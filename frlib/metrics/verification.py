"""Accuracy of pair verification in three published variants, exact and without a threshold loop.

    insightface   d = |a - b|^2 of summed, normalised views; grid 0, 0.01, .. 3.99; first best
    boundaryface  cosine of mean-centred concatenated views; grid j / 10000; mean of all best
    facexzoo      cosine of the original view; 1000 steps between the extremes; best TPR - FPR

Sources: insightface, recognition/arcface_torch/eval/verification.py; BoundaryFace repository
(SWJTU-3DVision), eval/eval_lfw.py; FaceX-Zoo (JDAI-CV), test_protocol/lfw/lfw_evaluator.py.

The variants differ by as much as methods do (up to 0.6 points on the same embeddings), so a result
carries its protocol's name: `insightface10` for ten folds, `insightface10-single` where the
protocol takes two views and was given one.

Shapes: N images, D dimensions, P pairs, K folds, T thresholds.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import NumericsError, ProtocolError
from frlib.metrics import centred, folds, grid
from frlib.metrics.embeddings import (
    Floats,
    finite,
    normalise,
    pick,
    require_rows,
    same_length,
    summed_distance,
    views,
)

INSIGHTFACE_GRID = np.arange(0, 4, 0.01)
BOUNDARYFACE_GRID = np.arange(-10_000, 10_001) / 10_000
FACEXZOO_STEPS = 1_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Verification:
    """What a protocol found, fold by fold and pair by pair.

    protocol: name and number of folds. accuracy_per_fold: `[K]`, 0..1.
    threshold_per_fold: `[K]` in the protocol's own unit (a squared distance for `insightface`, a
    cosine for the others).
    score_P: the score used where the pair was held out, larger = more alike (minus the squared
    distance for `insightface`). threshold_P: the number the score was compared with, on the same
    scale; "same" means score_P > threshold_P. correct_P: the verdict was right; in `boundaryface`
    and `facexzoo` a score equal to the threshold is wrong whatever the pair.
    """

    protocol: str
    accuracy_per_fold: NDArray[np.float64]
    threshold_per_fold: NDArray[np.float64]
    score_P: NDArray[np.float64]
    threshold_P: NDArray[np.float64]
    correct_P: NDArray[np.bool_]

    @property
    def accuracy(self) -> float:
        """Mean over folds."""
        return float(np.mean(self.accuracy_per_fold))

    @property
    def std(self) -> float:
        """Population standard deviation over folds (ddof 0), as the sources print it."""
        return float(np.std(self.accuracy_per_fold))

    @property
    def standard_error(self) -> float:
        """Of the mean over folds (ddof 1, over sqrt K), as FaceX-Zoo has it; NaN for one fold."""
        num_folds = len(self.accuracy_per_fold)
        if num_folds < 2:
            return float("nan")
        return float(np.std(self.accuracy_per_fold, ddof=1) / np.sqrt(num_folds))


def insightface(distance_P: ArrayLike, same_P: ArrayLike, fold_P: ArrayLike) -> Verification:
    """Accuracy from squared distances, insightface's rule; "same" means d < t, strictly."""
    return on_distances(distance_P, same_P, fold_P, INSIGHTFACE_GRID, "insightface")


def on_distances(
    distance_P: ArrayLike,
    same_P: ArrayLike,
    fold_P: ArrayLike,
    grid_T: NDArray[np.float64],
    name: str,
) -> Verification:
    """Per fold the first grid threshold that is most accurate on the other folds, applied to it."""
    value_P = finite_values(distance_P)
    flag_P = folds.same_flags(same_P, len(value_P))
    index_P, num_folds = folds.numbered(fold_P, len(value_P))
    counts = grid.held_out(value_P, flag_P, index_P, num_folds, grid_T)
    threshold_K = grid_T[np.argmax(counts.training().correct, axis=1)]
    threshold_P = threshold_K[index_P]
    return _result(
        name, index_P, threshold_K, -value_P, -threshold_P, (value_P < threshold_P) == flag_P
    )


def mean_roc(
    distance_P: ArrayLike,
    same_P: ArrayLike,
    fold_P: ArrayLike,
    grid_T: NDArray[np.float64] = INSIGHTFACE_GRID,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(TPR, FPR), each `[T]`: held-out rates averaged over folds; an empty denominator counts 0."""
    value_P = finite_values(distance_P)
    flag_P = folds.same_flags(same_P, len(value_P))
    index_P, num_folds = folds.numbered(fold_P, len(value_P))
    counts = grid.held_out(value_P, flag_P, index_P, num_folds, grid_T)

    def rate(accepted_KT: NDArray[np.int64], num_K: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(np.mean(accepted_KT / np.maximum(num_K, 1)[:, None], axis=0))

    return rate(counts.same, counts.num_same), rate(counts.different, counts.num_different)


def boundaryface(
    left_PD: Floats,
    right_PD: Floats,
    same_P: ArrayLike,
    fold_P: ArrayLike,
) -> Verification:
    """Accuracy from raw features, centred by the mean of the choosing pairs: BoundaryFace's rule.

    Scores are cosines of the centred features. The threshold is the mean of all grid points
    j / 10000 that are most accurate on the choosing pairs; they need not be adjacent. Means, scores
    and the thresholds they are compared with are float32 as in the source; what lies between is
    float64 (see `frlib.metrics.centred`). A feature equal to the mean has no direction; its cosine
    is taken as 0.
    """
    left_PD, right_PD = (np.asarray(side, dtype=np.float32) for side in (left_PD, right_PD))
    finite(left_PD, "left sides")
    finite(right_PD, "right sides")
    _require_sides(left_PD, right_PD)
    return _centred(left_PD.__getitem__, right_PD.__getitem__, len(left_PD), same_P, fold_P)


def _centred(
    left: centred.Side,
    right: centred.Side,
    num_pairs: int,
    same_P: ArrayLike,
    fold_P: ArrayLike,
) -> Verification:
    flag_P = folds.same_flags(same_P, num_pairs)
    index_P, num_folds = folds.numbered(fold_P, num_pairs)
    grid_T = BOUNDARYFACE_GRID.astype(np.float32)
    threshold_K = np.empty(num_folds)
    cosine_PK = centred.cosines(left, right, index_P, num_folds)
    for fold in range(num_folds):
        train_P = folds.chooses(index_P, fold, num_folds)
        correct_T = _correct_cosines(cosine_PK[train_P, fold], flag_P[train_P], grid_T)
        threshold_K[fold] = np.mean(BOUNDARYFACE_GRID[correct_T == correct_T.max()])
    score_P = cosine_PK[np.arange(num_pairs), index_P]
    return _judged_cosines("boundaryface", score_P, flag_P, index_P, threshold_K)


def facexzoo(cosine_P: ArrayLike, same_P: ArrayLike, fold_P: ArrayLike) -> Verification:
    """Accuracy from float32 cosines with the first best TPR - FPR threshold: FaceX-Zoo's rule.

    The 1000 thresholds are min + (max - min) * j / 1000, j = 1 .. 1000, of the choosing scores.
    `ProtocolError` when the folds that choose a threshold lack one kind of pair.
    """
    score_P = finite_values(np.asarray(cosine_P, dtype=np.float32))
    flag_P = folds.same_flags(same_P, len(score_P))
    index_P, num_folds = folds.numbered(fold_P, len(score_P))
    threshold_K = np.empty(num_folds)
    for fold in range(num_folds):
        train_P = folds.chooses(index_P, fold, num_folds)
        same = np.sort(score_P[train_P & flag_P])
        different = np.sort(score_P[train_P & ~flag_P])
        if not len(same) or not len(different):
            raise ProtocolError(
                f"facexzoo: the pairs that choose the threshold of fold {fold} are {len(same)} "
                f"same and {len(different)} different; a rate over none is undefined. "
                "Use folds that mix both kinds."
            )
        lowest = min(same[0], different[0])
        span = max(same[-1], different[-1]) - lowest
        step = np.float64(span) / FACEXZOO_STEPS
        threshold_T = np.float64(lowest) + step * np.arange(1, FACEXZOO_STEPS + 1)
        compared_T = threshold_T.astype(np.float32)
        tpr_T, fpr_T = (
            (len(kind) - np.searchsorted(kind, compared_T, side="right")) / len(kind)
            for kind in (same, different)
        )
        threshold_K[fold] = threshold_T[np.argmax(tpr_T - fpr_T)]
    return _judged_cosines("facexzoo", score_P, flag_P, index_P, threshold_K)


Variant = Callable[
    [
        Floats,
        Floats | None,
        NDArray[np.integer],
        NDArray[np.integer],
        ArrayLike,
        ArrayLike,
    ],
    Verification,
]


def _insightface(
    emb_ND: Floats,
    flip_ND: Floats | None,
    left_P: NDArray[np.integer],
    right_P: NDArray[np.integer],
    same_P: ArrayLike,
    fold_P: ArrayLike,
) -> Verification:
    distance_P = summed_distance(emb_ND, flip_ND, left_P, right_P)
    return _by_views(insightface(distance_P, same_P, fold_P), flip_ND)


def _boundaryface(
    emb_ND: Floats,
    flip_ND: Floats | None,
    left_P: NDArray[np.integer],
    right_P: NDArray[np.integer],
    same_P: ArrayLike,
    fold_P: ArrayLike,
) -> Verification:
    with np.errstate(over="ignore"):
        single = [view.astype(np.float32, copy=False) for view in views(emb_ND, flip_ND)]
    checked = [finite(view, "embeddings in float32") for view in single]
    rows = same_length(*(require_rows(side, len(emb_ND)) for side in (left_P, right_P)))

    def side(row_P: NDArray[np.integer]) -> centred.Side:
        return lambda at: np.concatenate([view[row_P[at]] for view in checked], axis=1)

    found = _centred(side(rows[0]), side(rows[1]), len(rows[0]), same_P, fold_P)
    return _by_views(found, flip_ND)


def _facexzoo(
    emb_ND: Floats,
    flip_ND: Floats | None,
    left_P: NDArray[np.integer],
    right_P: NDArray[np.integer],
    same_P: ArrayLike,
    fold_P: ArrayLike,
) -> Verification:
    unit_ND = normalise(views(emb_ND, flip_ND)[0].astype(np.float32))
    left_PD, right_PD = _sides(unit_ND, left_P, right_P)
    return facexzoo(np.vecdot(left_PD, right_PD), same_P, fold_P)


VARIANTS: dict[str, Variant] = {
    "insightface10": _insightface,
    "boundaryface10": _boundaryface,
    "facexzoo10": _facexzoo,
}
"""Raw views to a result: `VARIANTS[name](emb_ND, flip_ND, left_P, right_P, same_P, fold_P)`.

The key is the name with the usual ten folds; the result's `protocol` says how many there were.
"""


def finite_values(value_P: ArrayLike) -> Floats:
    """`[P]` distances or scores as floats; `NumericsError` names the first that is not finite."""
    values = np.asarray(value_P)
    if values.ndim != 1 or not len(values):
        raise ProtocolError(f"pair values have shape {values.shape}; expected one number a pair")
    if not np.issubdtype(values.dtype, np.floating):
        values = values.astype(np.float64)
    good = np.isfinite(values)
    if not good.all():
        raise NumericsError(
            f"pair {int(np.argmin(good))} has the value {values[np.argmin(good)]} "
            f"({int((~good).sum())} of {len(values)} are not finite). Check its two embeddings."
        )
    return values


def _correct_cosines(
    cosine_P: NDArray[np.float32], same_P: NDArray[np.bool_], grid_T: NDArray[np.float32]
) -> NDArray[np.int64]:
    same, different = np.sort(cosine_P[same_P]), np.sort(cosine_P[~same_P])
    above_T = len(same) - np.searchsorted(same, grid_T, side="right")
    return above_T + np.searchsorted(different, grid_T, side="left")


def _judged_cosines(
    name: str,
    score_P: Floats,
    same_P: NDArray[np.bool_],
    fold_P: NDArray[np.int64],
    threshold_K: NDArray[np.float64],
) -> Verification:
    compared_P = threshold_K.astype(score_P.dtype)[fold_P]
    correct_P = np.where(same_P, score_P > compared_P, score_P < compared_P)
    return _result(name, fold_P, threshold_K, score_P, compared_P, correct_P)


def _result(
    name: str,
    fold_P: NDArray[np.int64],
    threshold_K: NDArray[np.float64],
    score_P: Floats,
    threshold_P: Floats,
    correct_P: NDArray[np.bool_],
) -> Verification:
    return Verification(
        protocol=f"{name}{len(threshold_K)}",
        accuracy_per_fold=np.bincount(fold_P, weights=correct_P) / np.bincount(fold_P),
        threshold_per_fold=threshold_K,
        score_P=score_P.astype(np.float64),
        threshold_P=threshold_P.astype(np.float64),
        correct_P=correct_P,
    )


def _sides(emb_ND: Floats, left_P: ArrayLike, right_P: ArrayLike) -> tuple[Floats, Floats]:
    left_PD, right_PD = pick(emb_ND, left_P), pick(emb_ND, right_P)
    _require_sides(left_PD, right_PD)
    return left_PD, right_PD


def _require_sides(left_PD: Floats, right_PD: Floats) -> None:
    if left_PD.shape != right_PD.shape:
        raise ProtocolError(
            f"left sides have shape {left_PD.shape}, right sides {right_PD.shape}: "
            "a pair needs one row of each, in the same order"
        )


def _by_views(result: Verification, flip_ND: Floats | None) -> Verification:
    if flip_ND is not None:
        return result
    return replace(result, protocol=f"{result.protocol}-single")
