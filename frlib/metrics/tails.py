"""Exact TAR at FAR over more scores than fit anywhere, from two passes of histograms.

A float32 is mapped to a 32-bit whole number of the same order (the sign bit flipped where it is
positive, all bits where it is negative). Pass 1 counts impostors by the upper 16 bits, `Coarse`;
that tells which bin holds each quantile. Pass 2 counts the lower 16 bits inside those bins, `Fine`;
that is the quantile itself. Both are 65,536 counters, and those of several workers add up (`+`), in
any order and grouping. Genuine scores are few and kept.

The rule is `far_at_most` of `one_to_one`. Both passes must see the same scores: a product that
another machine rounds differently is noticed, as the counts of a bin then differ.

Impostors that cannot matter can be left uncounted: `Coarse.floor` names the lowest bin that the
`keep` largest reach; scores below it only add to the total.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import NumericsError, ProtocolError
from frlib.metrics.embeddings import Floats
from frlib.metrics.one_to_one import OperatingPoint
from frlib.metrics.val import num_allowed, require_far

BINS = 2**16
_SIGN = np.uint32(2**31)
_AT_ONCE = 2**20


@dataclass(frozen=True, kw_only=True, eq=False)
class Coarse:
    """Pass 1: impostors by the upper half of their ordered number.

    counts: `[65536]`, complete from bin `complete_from` on. num: all impostors seen.
    """

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, dtype=np.int64))
    num: int = 0
    complete_from: int = 0

    def __add__(self, other: "Coarse") -> "Coarse":
        return Coarse(
            counts=self.counts + other.counts,
            num=self.num + other.num,
            complete_from=max(self.complete_from, other.complete_from),
        )

    def floor(self, keep: int) -> int:
        """Lowest bin that must be counted on to know the `keep` largest; 0 while too few came."""
        from_top = np.cumsum(self.counts[::-1])
        at = int(np.searchsorted(from_top, keep))
        return max(self.complete_from, BINS - 1 - at) if at < BINS else self.complete_from

    def bin_of(self, rank: int) -> tuple[int, int]:
        """(bin, number of scores above it) of the `rank`-th largest, from 1."""
        from_top = np.cumsum(self.counts[::-1])
        at = int(np.searchsorted(from_top, rank))
        found = BINS - 1 - at
        if found < self.complete_from:
            raise ProtocolError(
                f"the {rank:,}-th largest of {self.num:,} scores lies below the counted ones: "
                "count with the `keep` of the largest target (see frlib.metrics.tails.keep)"
            )
        return found, int(from_top[at] - self.counts[found])


@dataclass(frozen=True, kw_only=True, eq=False)
class Fine:
    """Pass 2: impostors of each chosen bin by the lower half, `[B, 65536]`; bins ascending."""

    bins: tuple[int, ...]
    counts: NDArray[np.int64]

    def __add__(self, other: "Fine") -> "Fine":
        if self.bins != other.bins:
            raise ProtocolError(
                f"second passes over the bins {self.bins} and {other.bins} do not add up: both "
                "need the bins of one merged first pass"
            )
        return Fine(bins=self.bins, counts=self.counts + other.counts)


def keep(num_impostors: int, targets: Sequence[float]) -> int:
    """How many of the largest impostors decide these targets, of `num_impostors` in all."""
    for target in targets:
        require_far(target)
    return min(num_impostors, num_allowed(num_impostors, max(targets)) + 1)


def coarse(score_n: Floats, from_bin: int = 0) -> Coarse:
    """First pass over some impostors, any shape; those below `from_bin` are only numbered."""
    counts = np.zeros(BINS, dtype=np.int64)
    for part in _parts(score_n):
        ordered = _from(part, from_bin << 16)
        counts += np.bincount(ordered >> 16, minlength=BINS)
    return Coarse(counts=counts, num=score_n.size, complete_from=from_bin)


def fine_bins(first: Coarse, targets: Sequence[float]) -> tuple[int, ...]:
    """The bins that the second pass must look into, ascending."""
    ranks = (_rank(first.num, target) for target in targets)
    return tuple(sorted({first.bin_of(rank)[0] for rank in ranks if rank is not None}))


def fine(score_n: Floats, bins: Sequence[int]) -> Fine:
    """Second pass over some impostors."""
    counts = np.zeros((len(bins), BINS), dtype=np.int64)
    for part in _parts(score_n):
        ordered = _from(part, min(bins, default=0) << 16)
        upper = ordered >> 16
        for row, one in enumerate(bins):
            counts[row] += np.bincount(ordered[upper == one] & 0xFFFF, minlength=BINS)
    return Fine(bins=tuple(bins), counts=counts)


def points(
    first: Coarse, second: Fine, genuine: Floats, targets: Sequence[float]
) -> tuple[OperatingPoint, ...]:
    """Operating points from both merged passes and all genuine scores.

    `ProtocolError` when there are no genuine scores or no impostors, `NumericsError` when the
    passes saw different scores.
    """
    kept = np.sort(np.asarray(genuine, dtype=np.float32).ravel())
    if not len(kept) or not first.num:
        raise ProtocolError(
            f"{len(kept)} genuine scores and {first.num} impostors: a rate needs both kinds"
        )
    if not np.isfinite(kept).all():
        raise NumericsError("a genuine score is not finite. Check the embeddings")
    return tuple(_point(first, second, kept, target) for target in targets)


def _point(
    first: Coarse, second: Fine, genuine: NDArray[np.float32], target: float
) -> OperatingPoint:
    rank = _rank(first.num, target)
    threshold, above = -math.inf, first.num
    if rank is not None:
        one, higher = first.bin_of(rank)
        if one not in second.bins:
            raise ProtocolError(
                f"FAR {target:g} needs bin {one}; the second pass looked into {second.bins}. Take "
                "the bins from the merged first pass and these targets"
            )
        counts = second.counts[second.bins.index(one)]
        if counts.sum() != first.counts[one]:
            raise NumericsError(
                f"the first pass counted {first.counts[one]:,} scores where the second counted "
                f"{counts.sum():,}: the passes saw different scores. Compute both on machines of "
                "one kind, with the same blocks and threads"
            )
        from_top = np.cumsum(counts[::-1])
        at = int(np.searchsorted(from_top, rank - higher))
        low = BINS - 1 - at
        above = higher + int(from_top[at] - counts[low])
        threshold = _score(one, low)
    accepted = len(genuine) - int(np.searchsorted(genuine, np.float32(threshold), side="right"))
    return OperatingPoint(
        rule="far_at_most",
        target=target,
        tar=accepted / len(genuine),
        far=above / first.num,
        threshold=threshold,
        num_genuine=len(genuine),
        num_impostors=first.num,
        num_impostors_above=above,
    )


def _rank(num: int, target: float) -> int | None:
    """Which of the largest impostors is the threshold, from 1; None when all may pass."""
    require_far(target)
    allowed = num_allowed(num, target)
    return allowed + 1 if allowed < num else None


def _parts(score_n: Floats) -> list[NDArray[np.float32]]:
    if score_n.dtype != np.float32:
        raise ProtocolError(f"scores of type {score_n.dtype}: streamed tails are of float32")
    flat = score_n.ravel()
    return [flat[start : start + _AT_ONCE] for start in range(0, len(flat), _AT_ONCE)]


def _from(score_n: NDArray[np.float32], lowest: int) -> NDArray[np.uint32]:
    """Ordered numbers from `lowest` on; `NumericsError` if a score is not finite."""
    if not (np.isfinite(score_n.min()) and np.isfinite(score_n.max())):
        raise NumericsError("an impostor score is not finite. Check the embeddings")
    if lowest:
        score_n = score_n[score_n >= _score(lowest >> 16, lowest & 0xFFFF)]
    bits = (score_n + np.float32(0)).view(np.uint32)
    negative = (bits.view(np.int32) >> 31).view(np.uint32)
    return bits ^ (negative | _SIGN)


def _score(upper: int, lower: int) -> float:
    """The float32 of an ordered number."""
    ordered = np.uint32(upper << 16 | lower)
    bits = ordered ^ _SIGN if ordered & _SIGN else ~ordered
    return float(bits.view(np.float32))
