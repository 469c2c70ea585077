"""The best scores of probes among any number of distractors, in one pass over them.

Distractors come in blocks; of every product only what can matter is kept: the K largest scores of
each probe, and the largest scores of all probes together (the impostor tail that TAR at a low FAR
needs). A block is compared with the smallest score that still counts, and after the first blocks
few of its entries pass, so the cost is that of the bare product. Memory does not depend on the
number of distractors.

Shapes: M probes, N distractors, D dimensions, K ranks, G groups of probes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import ProtocolError
from frlib.metrics.embeddings import Floats, blocks, finite, normalise

BLOCK = 8192
_CELLS = 2**22
"""Entries of a product that are looked at together: 16 MB, so that they are still in cache."""
_MANY = 8


class Rows(Protocol):
    """Features `[N, D]` that are read in slices: an array, a memory map, a packed file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(images, dimensions)."""
        ...

    def __getitem__(self, rows: slice, /) -> NDArray[Any]: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Strongest:
    """top_MK: the K best scores of every probe, descending; minus infinite beyond N.

    tails: for every group of probes its largest scores over all distractors, descending, as many as
    were asked for (or as there are). num: distractors seen.
    """

    top_MK: NDArray[np.float32]
    tails: tuple[NDArray[np.float32], ...]
    num: int


def unit_blocks(
    features: Rows, leave_out_N: NDArray[np.bool_] | None = None
) -> Iterator[NDArray[np.float32]]:
    """Distractors in blocks `[n, D]`, float32 and L2 normalised, without the rows to leave out.

    `NumericsError` for a row that is not finite, `ProtocolError` for one that is zero: it has no
    direction.
    """
    for at in blocks(features.shape[0], BLOCK):
        rows, what = features[at], f"distractors, counted from {at.start:,}"
        if leave_out_N is not None and leave_out_N[at].any():
            rows, what = rows[~leave_out_N[at]], f"{what} without the noisy ones"
        if len(rows):
            yield unit(rows, what)


def unit_rows(features: Rows, rows: NDArray[np.intp]) -> Iterator[NDArray[np.float32]]:
    """Few rows of the distractors in blocks, read one by one; errors as `unit_blocks`."""
    for at in blocks(len(rows), BLOCK):
        picked = [np.asarray(features[row : row + 1]) for row in rows[at].tolist()]
        yield unit(np.concatenate(picked), "noisy distractors")


def unit(features: Floats, what: str) -> NDArray[np.float32]:
    """`[N, D]` float32 and L2 normalised; errors as `unit_blocks`."""
    rows = np.asarray(features, dtype=np.float32)
    if rows.ndim != 2 or 0 in rows.shape:
        raise ProtocolError(f"{what} have shape {rows.shape}; expected (images, dimensions)")
    with np.errstate(over="ignore", invalid="ignore"):
        square_N = np.vecdot(rows, rows)
    if not np.isfinite(square_N).all():
        return normalise(finite(rows, what)).astype(np.float32, copy=False)
    zero = np.flatnonzero(square_N == 0)
    if len(zero):
        raise ProtocolError(
            f"{what}: row {zero[0]} is all zeros ({len(zero)} of {len(rows)} rows) and has no "
            "direction. Were noisy images zeroed already? Give the raw features and the noise list"
        )
    found: NDArray[np.float32] = rows / np.sqrt(square_N)[:, None]
    return found


def strongest(
    probe_MD: NDArray[np.float32],
    distractors: Iterator[NDArray[np.float32]],
    k: int,
    *,
    group_M: NDArray[np.intp] | None = None,
    tails: tuple[int, ...] = (0,),
) -> Strongest:
    """The K best scores of every probe, and the largest `tails[g]` scores of the probes of group g.

    Scores are float32 dot products. group_M: 0..G-1, ascending; all in one group if left out.
    """
    num_probes, num = len(probe_MD), 0
    group_M = np.zeros(num_probes, dtype=np.intp) if group_M is None else group_M
    kept = _Kept(num_probes, k)
    longest = [Tail(size) for size in tails]
    ends = np.searchsorted(group_M, np.arange(len(tails) + 1)).tolist()
    product = np.empty(max(_CELLS, BLOCK), dtype=np.float32)
    for block in distractors:
        num += len(block)
        for group, tail in enumerate(longest):
            size = max(1, _CELLS // len(block))
            for start in range(ends[group], ends[group + 1], size):
                at = slice(start, min(start + size, ends[group + 1]))
                shape = (at.stop - at.start, len(block))
                score_mn = product[: shape[0] * shape[1]].reshape(shape)
                np.matmul(probe_MD[at], block.T, out=score_mn)
                _take(score_mn, at, kept, tail)
    return Strongest(
        top_MK=-np.sort(-kept.top_MK, axis=1),
        tails=tuple(tail.scores() for tail in longest),
        num=num,
    )


class _Kept:
    """The K largest of every probe so far, unordered, and the least of them."""

    def __init__(self, num_probes: int, k: int) -> None:
        self.top_MK = np.full((num_probes, k), -np.inf, dtype=np.float32)
        self.least_M = np.full(num_probes, -np.inf, dtype=np.float32)

    def whole(self, score_mn: NDArray[np.float32], at: slice) -> None:
        """Merge complete rows."""
        self._merge(np.arange(at.start, at.stop), score_mn)

    def some(self, row: NDArray[np.intp], score: NDArray[np.float32]) -> None:
        """Merge single scores; `row` ascending."""
        probes, first, count = np.unique(row, return_index=True, return_counts=True)
        padded = np.full((len(probes), count.max()), -np.inf, dtype=np.float32)
        column = np.arange(len(row)) - np.repeat(first, count)
        padded[np.repeat(np.arange(len(probes)), count), column] = score
        self._merge(probes, padded)

    def _merge(self, probes: NDArray[np.intp], new: NDArray[np.float32]) -> None:
        k = self.top_MK.shape[1]
        both = np.concatenate((self.top_MK[probes], new), axis=1)
        both.partition(both.shape[1] - k, axis=1)
        self.top_MK[probes] = both[:, -k:]
        self.least_M[probes] = both[:, -k]


class Tail:
    """The largest scores so far. They are cut to size only when twice as many have come."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.least = np.float32(-np.inf if size else np.inf)
        self._parts: list[NDArray[np.float32]] = []
        self._num = 0

    def add(self, score: NDArray[np.float32]) -> None:
        """Scores that may be large enough."""
        large = score[score > self.least]
        self._parts.append(large)
        self._num += len(large)
        if self._num > 2 * self.size:
            self._cut()

    def scores(self) -> NDArray[np.float32]:
        """The largest, descending."""
        self._cut()
        return -np.sort(-np.concatenate([*self._parts, np.empty(0, np.float32)]))

    def _cut(self) -> None:
        if self._num > self.size:
            whole = np.concatenate(self._parts)
            whole.partition(len(whole) - self.size)
            self._parts = [whole[len(whole) - self.size :]]
            self._num = self.size
            self.least = self._parts[0].min() if self.size else np.float32(np.inf)


def _take(score_mn: NDArray[np.float32], at: slice, kept: _Kept, tail: Tail) -> None:
    limit_m = np.minimum(kept.least_M[at], tail.least)
    passing = np.flatnonzero((score_mn > limit_m[:, None]).ravel())
    num_columns = score_mn.shape[1]
    if len(passing) * _MANY > score_mn.size:
        kept.whole(score_mn, at)
        tail.add(score_mn.ravel())
        return
    row = passing // num_columns
    score = score_mn.ravel()[passing]
    tail.add(score)
    better = score > kept.least_M[at][row]
    if better.any():
        kept.some(row[better] + at.start, score[better])
