"""Accuracy with the best threshold there is, chosen on the other folds without a grid.

Between two neighbouring distances every threshold judges alike, so the best one is found from the
sorted distances: the smallest best count of accepted pairs, and the middle of the gap behind it.
A grid can only do as well or worse on the folds that choose. For new work; never mixed with the
published rules, which have grids.

Shapes: P pairs, K folds.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.metrics import folds
from frlib.metrics.embeddings import Floats
from frlib.metrics.verification import Verification, finite_values


def exact(distance_P: ArrayLike, same_P: ArrayLike, fold_P: ArrayLike) -> Verification:
    """Accuracy from squared distances (or any number small for the same person): `exact<K>`."""
    value_P = finite_values(distance_P)
    flag_P = folds.same_flags(same_P, len(value_P))
    index_P, num_folds = folds.numbered(fold_P, len(value_P))
    threshold_K = np.array(
        [
            best_threshold(value_P[chooses], flag_P[chooses])
            for chooses in (folds.chooses(index_P, fold, num_folds) for fold in range(num_folds))
        ]
    )
    correct_P = (value_P < threshold_K[index_P]) == flag_P
    return Verification(
        protocol=f"exact{num_folds}",
        accuracy_per_fold=np.bincount(index_P, weights=correct_P) / np.bincount(index_P),
        threshold_per_fold=threshold_K,
        score_P=-value_P.astype(np.float64),
        threshold_P=-threshold_K[index_P],
        correct_P=correct_P,
    )


def best_threshold(value_n: Floats, same_n: NDArray[np.bool_]) -> float:
    """Threshold t for which "same if value < t" is most often right; of several the smallest."""
    order = np.argsort(value_n, kind="stable")
    value, same = value_n[order].astype(np.float64), same_n[order]
    ends = np.append(np.flatnonzero(np.diff(value)), len(value) - 1) + 1
    accepted = np.concatenate(([0], ends))
    gained = np.concatenate(([0], np.cumsum(np.where(same, 1, -1))))[accepted]
    best = int(accepted[np.argmax(gained)])
    if best == 0:
        return float(value[0])
    beyond = float(np.nextafter(value[best - 1], np.inf))
    return beyond if best == len(value) else max(beyond, float(value[best - 1 : best + 1].mean()))
