"""Decisions about samples, scored against the truth that was kept when the noise was made.

    precision         flagged samples whose given label is wrong / flagged samples of known truth
    recall            flagged closed-set flips / all closed-set flips
    relabel_accuracy  flagged flips whose proposal is the true label / flagged flips with a proposal

A closed-set flip shows another identity of the set (true label >= 0 and not the given one). An
open-set sample shows nobody of the set (`OUTLIER`): its given label is wrong, but there is no right
one, so it counts for precision and not for recall. Samples of unknown truth are left out and
counted.

Shapes: N samples, F flagged samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import DataError

OUTLIER = -1
UNKNOWN = -2
NO_PROPOSAL = -1


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Rates 0..1 (NaN where the denominator is 0) and every count they are made of."""

    num_flagged: int
    num_flagged_unknown: int
    num_flagged_wrong: int
    num_flagged_open: int
    num_closed: int
    num_open: int
    num_flagged_closed: int
    num_relabelled: int
    num_relabelled_right: int

    @property
    def precision(self) -> float:
        """Share of the flagged samples of known truth whose given label is wrong."""
        return _share(self.num_flagged_wrong, self.num_flagged - self.num_flagged_unknown)

    @property
    def recall(self) -> float:
        """Share of all closed-set flips that were flagged."""
        return _share(self.num_flagged_closed, self.num_closed)

    @property
    def open_recall(self) -> float:
        """Share of all open-set samples that were flagged."""
        return _share(self.num_flagged_open, self.num_open)

    @property
    def relabel_accuracy(self) -> float:
        """Share of the flagged flips with a proposal whose proposal is the true label."""
        return _share(self.num_relabelled_right, self.num_relabelled)


def score_decisions(
    flagged_F: ArrayLike, proposed_F: ArrayLike, true_N: ArrayLike, given_N: ArrayLike
) -> Correction:
    """Score flags and proposals.

    flagged_F: positions 0..N-1, each at most once. proposed_F: proposed label for each, or
    `NO_PROPOSAL` (-1) where the method only suspects. true_N: true labels, `OUTLIER` (-1) or
    `UNKNOWN` (-2) where there is none. given_N: the labels the trainer was given.
    """
    flagged, proposed = _whole(flagged_F, "flagged"), _whole(proposed_F, "proposed")
    true, given = _whole(true_N, "true labels"), _whole(given_N, "given labels")
    if len(true) != len(given) or len(flagged) != len(proposed):
        raise DataError(
            f"{len(true)} true and {len(given)} given labels, {len(flagged)} flagged samples "
            f"and {len(proposed)} proposals: expected as many given as true labels and one "
            "proposal a flag"
        )
    outside = flagged[(flagged < 0) | (flagged >= len(true))]
    if len(outside):
        raise DataError(
            f"flagged position {outside[0]} of {len(true)} samples ({len(outside)} such): do "
            "decisions and manifest belong together?"
        )
    if len(np.unique(flagged)) != len(flagged):
        raise DataError(
            f"{len(flagged) - len(np.unique(flagged))} samples are flagged twice: keep one "
            "decision a sample (say, the last epoch's) before scoring"
        )
    closed = (true >= 0) & (true != given)
    hit = closed[flagged]
    relabelled = hit & (proposed != NO_PROPOSAL)
    is_open = true[flagged] == OUTLIER
    return Correction(
        num_flagged=len(flagged),
        num_flagged_unknown=int((true[flagged] == UNKNOWN).sum()),
        num_flagged_wrong=int((hit | is_open).sum()),
        num_flagged_open=int(is_open.sum()),
        num_closed=int(closed.sum()),
        num_open=int((true == OUTLIER).sum()),
        num_flagged_closed=int(hit.sum()),
        num_relabelled=int(relabelled.sum()),
        num_relabelled_right=int((proposed == true[flagged])[relabelled].sum()),
    )


def _whole(values: ArrayLike, what: str) -> NDArray[np.int64]:
    found = np.asarray(values)
    if found.ndim != 1 or (found.size and not np.issubdtype(found.dtype, np.integer)):
        raise DataError(
            f"{what}: shape {found.shape}, type {found.dtype}; expected one row of whole numbers"
        )
    return found.astype(np.int64)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
