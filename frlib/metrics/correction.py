"""Decisions about samples, counted against the truth that was kept when the noise was made.

The fault of a given label is one of

    NONE        it is right
    FLIP        another class of the set is right
    OUTLIER     no class of the set is right
    DUPLICATE   another class of the same person is right

and over a choice of faults A, of which a flag names none,

    precision         flagged with a fault in A / flagged with one in A or with none
    recall            flagged with a fault in A / all with one in A
    f1                2 · flagged in A / (flagged in A + flagged with none + all in A)
    harm              flagged with none / all with none
    relabel_accuracy  proposals in A that are the true label / proposals in A

Precision over A leaves flagged samples of other faults out; over all faults it is the usual one.
f1 is the harmonic mean of the two, 0 where nothing is flagged. All are NaN where the denominator
is 0, and f1 where nothing has a fault in A.

Shapes: N samples of known truth.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import DataError

NO_PROPOSAL = -1
NONE, FLIP, OUTLIER, DUPLICATE = range(4)
FAULTS = {"flip": FLIP, "outlier": OUTLIER, "duplicate": DUPLICATE}
WRONG = (FLIP, OUTLIER, DUPLICATE)
MISPLACED = (FLIP, DUPLICATE)
"""Wrong, and another class of the set is right."""
HAS_CLASS = (NONE, FLIP, DUPLICATE)
"""Some class of the set is right."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Samples by fault, 4 numbers each.

    size: all. flagged: held to be wrong. proposed: of those, with a proposal. right: of those,
    where the proposal is the true label.
    """

    size: tuple[int, ...]
    flagged: tuple[int, ...]
    proposed: tuple[int, ...]
    right: tuple[int, ...]

    def num(self, faults: Iterable[int] = WRONG) -> int:
        """Samples with one of these faults."""
        return sum(self.size[fault] for fault in faults)

    def num_flagged(self, faults: Iterable[int] = WRONG) -> int:
        """Flagged samples with one of these faults."""
        return sum(self.flagged[fault] for fault in faults)

    def precision(self, faults: Iterable[int] = WRONG) -> float:
        """Share of the flagged, other faults left out, that have one of these."""
        hits = self.num_flagged(faults)
        return _share(hits, hits + self.flagged[NONE])

    def recall(self, faults: Iterable[int] = WRONG) -> float:
        """Share of the samples with one of these faults that is flagged."""
        return _share(self.num_flagged(faults), self.num(faults))

    def f1(self, faults: Iterable[int] = WRONG) -> float:
        """Harmonic mean of precision and recall."""
        hits, size = self.num_flagged(faults), self.num(faults)
        return _share(2 * hits, hits + self.flagged[NONE] + size) if size else float("nan")

    @property
    def harm(self) -> float:
        """Share of the samples without a fault that is flagged."""
        return _share(self.flagged[NONE], self.size[NONE])

    def relabel_accuracy(self, faults: Iterable[int] = HAS_CLASS) -> float:
        """Share of the proposals on samples with one of these faults that is the true label."""
        return _share(sum(self.right[f] for f in faults), sum(self.proposed[f] for f in faults))


def counted(
    fault_N: ArrayLike, is_flagged_N: ArrayLike, proposed_N: ArrayLike, true_N: ArrayLike
) -> Counts:
    """Count flags and proposals.

    fault_N: 0..3. proposed_N: a label, or `NO_PROPOSAL` (-1); counts where flagged. true_N: true
    labels; what stands for "no class" is at least no label. `DataError` for columns that differ in
    length or other faults.
    """
    fault, proposed, true = (_whole(a) for a in (fault_N, proposed_N, true_N))
    flagged = np.asarray(is_flagged_N, dtype=np.bool_)
    if not fault.shape == flagged.shape == proposed.shape == true.shape or fault.ndim != 1:
        raise DataError(
            f"faults of shape {fault.shape}, flags {flagged.shape}, proposals {proposed.shape}, "
            f"true labels {true.shape}: expected one entry a sample in each"
        )
    if fault.size and not 0 <= fault.min() <= fault.max() <= DUPLICATE:
        raise DataError(
            f"faults from {fault.min()} to {fault.max()}; expected {NONE} (none) to {DUPLICATE} "
            f"({', '.join(FAULTS)}). Leave samples of unknown truth out"
        )
    is_proposed = flagged & (proposed != NO_PROPOSAL)
    return Counts(
        size=_by_fault(fault),
        flagged=_by_fault(fault[flagged]),
        proposed=_by_fault(fault[is_proposed]),
        right=_by_fault(fault[is_proposed & (proposed == true)]),
    )


def _by_fault(fault: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(np.bincount(fault, minlength=len(FAULTS) + 1).tolist())


def _whole(values: ArrayLike) -> NDArray[np.int64]:
    found = np.asarray(values)
    if found.size and not np.issubdtype(found.dtype, np.integer):
        raise DataError(f"labels or faults of type {found.dtype}; expected whole numbers")
    return found.astype(np.int64, copy=False)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
