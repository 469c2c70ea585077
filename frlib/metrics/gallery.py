"""Search of probes in a gallery that has one entry a subject, in blocks of float32 products.

Of every row of scores only what the protocols use is kept: the mate's score, how many other entries
are strictly above it, the best other entry, and the largest non-mate scores over all probes. The
whole matrix is never held.

Shapes: Q probes, G gallery entries, D dimensions, K ranks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ProtocolError
from frlib.metrics.embeddings import Floats, finite
from frlib.metrics.templates import whole

_NO_MATE = -1
_CELLS = 2**21


@dataclass(frozen=True, kw_only=True, eq=False)
class Gallery:
    """One entry a subject: features `[G, D]` and subject ids `[G]`."""

    features: Floats
    subjects: ArrayLike


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """What every probe met in a gallery.

    mate_Q: score of its mate, NaN without one. best_Q: best score of the other entries (minus
    infinite if there are none). above_Q: how many others are strictly above the mate, 0 without
    one. largest: the largest non-mate scores over all probes, descending, as many as were asked
    for. num_gallery, num_zero: entries, and entries and probes without direction (they score 0).
    """

    mate_Q: NDArray[np.float32]
    best_Q: NDArray[np.float32]
    above_Q: NDArray[np.int64]
    largest: NDArray[np.float32]
    num_gallery: int
    num_zero: int

    @property
    def has_mate(self) -> NDArray[np.bool_]:
        """Probes with a mate in this gallery."""
        return ~np.isnan(self.mate_Q)

    @property
    def num_tied(self) -> int:
        """Probes whose mate scores exactly what the best other entry does."""
        return int((self.mate_Q == self.best_Q).sum())

    def rank_counts(self, ranks: Sequence[int]) -> tuple[int, ...]:
        """`[K]` probes whose mate has fewer than k entries strictly above it."""
        above = self.above_Q[self.has_mate]
        return tuple(int((above < rank).sum()) for rank in ranks)


def joined(galleries: Sequence[Gallery]) -> Gallery:
    """All entries in one gallery, in order."""
    if not galleries:
        raise ProtocolError("no gallery: expected at least one, IJB has two")
    return Gallery(
        features=np.concatenate([np.asarray(one.features) for one in galleries]),
        subjects=np.concatenate([whole(one.subjects, "gallery subjects") for one in galleries]),
    )


def search(gallery: Gallery, probe_QD: Floats, subject_Q: ArrayLike, keep: int = 0) -> Search:
    """Mate, best other and number of others above the mate for every probe.

    keep: how many of the largest non-mate scores to return. `ProtocolError` when a subject is in
    the gallery twice: then "the mate" is not defined.
    """
    entries_GD, probes_QD, mate_Q = _checked(gallery, probe_QD, subject_Q)
    num_probes, num_entries = len(probes_QD), len(entries_GD)
    score_Q = np.full(num_probes, np.nan, dtype=np.float32)
    best_Q = np.empty(num_probes, dtype=np.float32)
    above_Q = np.zeros(num_probes, dtype=np.int64)
    largest = np.empty(0, dtype=np.float32)
    block = max(1, _CELLS // num_entries)
    for start in range(0, num_probes, block):
        rows = slice(start, start + block)
        cells_qG = probes_QD[rows] @ entries_GD.T
        own = np.flatnonzero(mate_Q[rows] != _NO_MATE)
        column = mate_Q[rows][own]
        mates = cells_qG[own, column]
        score_Q[rows][own] = mates
        cells_qG[own, column] = -np.inf
        best_Q[rows] = cells_qG.max(axis=1)
        beaten = own[best_Q[rows][own] > mates]
        mate_of_beaten = score_Q[rows][beaten][:, None]
        above_Q[rows][beaten] = (cells_qG[beaten] > mate_of_beaten).sum(axis=1)
        if keep:
            largest = _largest(largest, cells_qG, keep)
    return Search(
        mate_Q=score_Q,
        best_Q=best_Q,
        above_Q=above_Q,
        largest=np.sort(largest)[::-1],
        num_gallery=num_entries,
        num_zero=sum(int((~side.any(axis=1)).sum()) for side in (entries_GD, probes_QD)),
    )


def _largest(
    before: NDArray[np.float32], cells_qG: NDArray[np.float32], keep: int
) -> NDArray[np.float32]:
    """The `keep` largest of both, in any order; minus infinity marks mates and is left out."""
    floor = before.min() if len(before) == keep else -np.inf
    both = np.concatenate((before, cells_qG[cells_qG > floor]))
    return both if len(both) <= keep else np.partition(both, len(both) - keep)[-keep:]


def _checked(
    gallery: Gallery, probe_QD: Floats, subject_Q: ArrayLike
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Both sides as float32, and the gallery position of each probe's mate."""
    entries, probes = (
        np.ascontiguousarray(finite(np.asarray(side), what), dtype=np.float32)
        for side, what in ((gallery.features, "gallery templates"), (probe_QD, "probe templates"))
    )
    subject_G = whole(gallery.subjects, "gallery subjects")
    subjects = whole(subject_Q, "probe subjects")
    sizes = (len(entries), len(probes), entries.shape[1])
    if sizes != (len(subject_G), len(subjects), probes.shape[1]):
        raise ProtocolError(
            f"gallery {entries.shape} with {len(subject_G)} subjects, probes {probes.shape} with "
            f"{len(subjects)}: expected a subject for every template and one dimension"
        )
    known, first, count = np.unique(subject_G, return_index=True, return_counts=True)
    if (count > 1).any():
        raise ProtocolError(
            f"subject {known[np.argmax(count > 1)]} is in the gallery {count.max()} times "
            f"({int((count > 1).sum())} such subjects): IJB's galleries have one template each. "
            "Were the rows of one template, which the files repeat, left in?"
        )
    at = np.minimum(np.searchsorted(known, subjects), len(known) - 1)
    return entries, probes, np.where(known[at] == subjects, first[at], _NO_MATE)
