"""Accepted pairs at every threshold of a grid, for all folds at once.

"Accepted" means value < threshold, strictly: values are distances. Each fold is sorted once and the
counts are read off by bisection; training counts are the totals minus the held-out fold's. Exactly
what a loop over thresholds counts, in O(P log P + K T log P) instead of O(K P T).

Shapes: P pairs, K folds, T thresholds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frlib.metrics.embeddings import Floats


@dataclass(frozen=True)
class Counts:
    """Accepted same and different pairs `[K, T]`, and how many of each there are `[K]`."""

    same: NDArray[np.int64]
    different: NDArray[np.int64]
    num_same: NDArray[np.int64]
    num_different: NDArray[np.int64]

    def training(self) -> "Counts":
        """The same over the pairs that choose each fold's threshold (all pairs when K = 1)."""
        if len(self.num_same) == 1:
            return self
        return Counts(
            self.same.sum(0) - self.same,
            self.different.sum(0) - self.different,
            self.num_same.sum() - self.num_same,
            self.num_different.sum() - self.num_different,
        )

    @property
    def correct(self) -> NDArray[np.int64]:
        """Accepted same pairs plus rejected different pairs."""
        return self.same + self.num_different[:, None] - self.different


def held_out(
    value_P: Floats,
    same_P: NDArray[np.bool_],
    fold_P: NDArray[np.int64],
    num_folds: int,
    grid_T: Floats,
) -> Counts:
    """Counts over the held-out pairs of each fold. Undefined (NaN) values are never accepted."""

    def accepted(kind_P: NDArray[np.bool_]) -> NDArray[np.int64]:
        rows = [
            np.searchsorted(np.sort(value_P[kind_P & (fold_P == fold)]), grid_T, side="left")
            for fold in range(num_folds)
        ]
        return np.asarray(rows, dtype=np.int64)

    return Counts(
        accepted(same_P),
        accepted(~same_P),
        np.bincount(fold_P[same_P], minlength=num_folds),
        np.bincount(fold_P[~same_P], minlength=num_folds),
    )
