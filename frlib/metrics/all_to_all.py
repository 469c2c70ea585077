"""Every image against every other, as MFR does: TAR at FARs down to 1e-6 and below, exactly.

The pairs i < j of one set are walked in square blocks of float32 products, twice (see `tails`).
Images are put in order of their person first, so genuine pairs lie near the diagonal and all other
blocks need no comparison of labels. Work can be shared: worker w of W takes every W-th block of
both passes, and what they find adds up.

    seen = sum of Pass.first(...) over workers; bins = tails.fine_bins(seen.impostors, targets)
    second = sum of Pass.second(bins)

The server of MFR is offline and its data are not public: this is the same kind of number on other
data, named `all-to-all`. Shapes: N images, D dimensions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ConfigError, ProtocolError
from frlib.metrics import tails
from frlib.metrics.embeddings import Floats, finite, normalise
from frlib.metrics.one_to_one import TARGETS, OperatingPoint
from frlib.metrics.templates import whole

SIDE = 2048


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What a first pass found in its blocks. Adds up over workers."""

    impostors: tails.Coarse
    genuine: NDArray[np.float32]

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(
            impostors=self.impostors + other.impostors,
            genuine=np.concatenate((self.genuine, other.genuine)),
        )


@dataclass(frozen=True, kw_only=True)
class AllToAll:
    """TAR at the targets, in their order; `far_at_most`. num_zero: images without direction."""

    protocol: str
    points: tuple[OperatingPoint, ...]
    num_images: int
    num_zero: int


class Pairs:
    """All pairs of one set, in blocks.

    emb_ND: raw outputs; normalised here, in float32. identity_N: whole numbers. part, parts: the
    share of the blocks that is walked here. `ProtocolError` unless there are pairs of both kinds.
    """

    def __init__(
        self,
        emb_ND: Floats,
        identity_N: ArrayLike,
        *,
        part: int = 0,
        parts: int = 1,
        side: int = SIDE,
    ) -> None:
        if not 0 <= part < parts or side < 1:
            raise ConfigError(
                f"part {part} of {parts}, blocks of {side}: expected 0 <= part < parts"
            )
        identity = whole(identity_N, "identities")
        emb = finite(np.asarray(emb_ND))
        if len(identity) != len(emb):
            raise ProtocolError(f"{len(identity)} identities for {len(emb)} embeddings")
        order = np.argsort(identity, kind="stable")
        self._unit_ND = normalise(emb[order].astype(np.float32)).astype(np.float32, copy=False)
        self._identity_N = identity[order]
        self._part, self._parts, self._side = part, parts, side
        sizes = np.unique_counts(identity).counts
        self.num_genuine = int((sizes * (sizes - 1) // 2).sum())
        self.num_impostors = len(emb) * (len(emb) - 1) // 2 - self.num_genuine
        if not self.num_genuine or not self.num_impostors:
            raise ProtocolError(
                f"{len(emb)} images of {len(sizes)} people make {self.num_genuine} genuine and "
                f"{self.num_impostors} impostor pairs: a rate needs both kinds"
            )

    @property
    def num_images(self) -> int:
        """Of the whole set."""
        return len(self._unit_ND)

    @property
    def num_zero(self) -> int:
        """Images without direction; all their scores are 0."""
        return int((~self._unit_ND.any(axis=1)).sum())

    def first(self, targets: Sequence[float]) -> Seen:
        """First pass over this part."""
        wanted = tails.keep(self.num_impostors, targets)
        impostors, genuine = tails.Coarse(), [np.empty(0, dtype=np.float32)]
        for others, own in self._blocks():
            impostors = impostors + tails.coarse(others, impostors.floor(wanted))
            genuine.append(own)
        return Seen(impostors=impostors, genuine=np.concatenate(genuine))

    def second(self, bins: Sequence[int]) -> tails.Fine:
        """Second pass over this part."""
        found = tails.Fine(bins=tuple(bins), counts=np.zeros((len(bins), tails.BINS), np.int64))
        for others, _ in self._blocks():
            found = found + tails.fine(others, bins)
        return found

    def _blocks(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """(impostor scores, genuine scores) of each block."""
        starts = range(0, len(self._unit_ND), self._side)
        corners = ((row, column) for row in starts for column in starts if row <= column)
        none = np.empty(0, dtype=np.float32)
        for number, (row, column) in enumerate(corners):
            if number % self._parts != self._part:
                continue
            rows, columns = (slice(at, at + self._side) for at in (row, column))
            cells: NDArray[np.float32] = self._unit_ND[rows] @ self._unit_ND[columns].T
            people = self._identity_N[rows, None], self._identity_N[None, columns]
            if row < column and people[0][-1, 0] < people[1][0, 0]:
                yield cells, none
                continue
            same = people[0] == people[1]
            if row == column:
                once = np.triu(np.ones_like(same), 1)
                yield cells[once & ~same], cells[once & same]
            else:
                yield cells[~same], cells[same]


def all_to_all(
    emb_ND: Floats, identity_N: ArrayLike, targets: Sequence[float] = TARGETS
) -> AllToAll:
    """Both passes in this process."""
    pairs = Pairs(emb_ND, identity_N)
    return result(pairs, *_both(pairs, targets), targets)


def result(pairs: Pairs, seen: Seen, second: tails.Fine, targets: Sequence[float]) -> AllToAll:
    """From the merged passes of all parts; `pairs` may be any of them."""
    if seen.impostors.num != pairs.num_impostors or len(seen.genuine) != pairs.num_genuine:
        raise ProtocolError(
            f"{seen.impostors.num:,} impostor and {len(seen.genuine):,} genuine scores came, of "
            f"{pairs.num_impostors:,} and {pairs.num_genuine:,}: is a part missing or there twice?"
        )
    return AllToAll(
        protocol="all-to-all",
        points=tails.points(seen.impostors, second, seen.genuine, targets),
        num_images=pairs.num_images,
        num_zero=pairs.num_zero,
    )


def _both(pairs: Pairs, targets: Sequence[float]) -> tuple[Seen, tails.Fine]:
    seen = pairs.first(targets)
    return seen, pairs.second(tails.fine_bins(seen.impostors, targets))
