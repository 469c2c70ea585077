"""Every image of one set against every image of another, as MFR's masked against plain faces.

The rule, the two passes and how they are shared are those of `all_to_all`; here the blocks cover a
rectangle, and a pair is genuine if both images are of one person. Shapes: N and M images, D
dimensions.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ConfigError, ProtocolError
from frlib.metrics import tails
from frlib.metrics.all_to_all import SIDE, AllToAll, Seen
from frlib.metrics.embeddings import Floats, finite, normalise
from frlib.metrics.one_to_one import TARGETS
from frlib.metrics.templates import whole


class Across:
    """All pairs of a left and a right image, in blocks.

    left_ND, right_MD: raw outputs; normalised here, in float32. left_N, right_M: identities, whole
    numbers. part, parts: the share of the blocks that is walked here. `ProtocolError` unless there
    are pairs of both kinds.
    """

    def __init__(
        self,
        left_ND: Floats,
        left_N: ArrayLike,
        right_MD: Floats,
        right_M: ArrayLike,
        *,
        part: int = 0,
        parts: int = 1,
        side: int = SIDE,
    ) -> None:
        if not 0 <= part < parts or side < 1:
            raise ConfigError(
                f"part {part} of {parts}, blocks of {side}: expected 0 <= part < parts"
            )
        self._left, self._left_N = _ordered(left_ND, left_N, "left")
        self._right, self._right_M = _ordered(right_MD, right_M, "right")
        if self._left.shape[1] != self._right.shape[1]:
            raise ProtocolError(
                f"left images have {self._left.shape[1]} dimensions, right ones "
                f"{self._right.shape[1]}: expected both of one model"
            )
        self._part, self._parts, self._side = part, parts, side
        low, high = (np.searchsorted(self._right_M, self._left_N, end) for end in ("left", "right"))
        self.num_genuine = int((high - low).sum())
        self.num_impostors = len(self._left) * len(self._right) - self.num_genuine
        if not self.num_genuine or not self.num_impostors:
            raise ProtocolError(
                f"{len(self._left)} and {len(self._right)} images make {self.num_genuine} genuine "
                f"and {self.num_impostors} impostor pairs: a rate needs both kinds. Are people "
                "named alike in both sets?"
            )

    @property
    def num_images(self) -> int:
        """Of both sets."""
        return len(self._left) + len(self._right)

    @property
    def num_zero(self) -> int:
        """Images without direction; all their scores are 0."""
        return sum(int((~side.any(axis=1)).sum()) for side in (self._left, self._right))

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

    def result(self, seen: Seen, second: tails.Fine, targets: Sequence[float]) -> AllToAll:
        """From the merged passes of all parts; of any of them."""
        if seen.impostors.num != self.num_impostors or len(seen.genuine) != self.num_genuine:
            raise ProtocolError(
                f"{seen.impostors.num:,} impostor and {len(seen.genuine):,} genuine scores came, "
                f"of {self.num_impostors:,} and {self.num_genuine:,}: is a part missing or there "
                "twice?"
            )
        return AllToAll(
            protocol="set-to-set",
            points=tails.points(seen.impostors, second, seen.genuine, targets),
            num_images=self.num_images,
            num_zero=self.num_zero,
        )

    def _blocks(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """(impostor scores, genuine scores) of each block that is not empty of impostors."""
        corners = (
            (row, column)
            for row in range(0, len(self._left), self._side)
            for column in range(0, len(self._right), self._side)
        )
        none = np.empty(0, dtype=np.float32)
        for number, (row, column) in enumerate(corners):
            if number % self._parts != self._part:
                continue
            rows, columns = (slice(at, at + self._side) for at in (row, column))
            cells: NDArray[np.float32] = self._left[rows] @ self._right[columns].T
            people, others = self._left_N[rows], self._right_M[columns]
            if people[-1] < others[0] or others[-1] < people[0]:
                yield cells, none
                continue
            same = people[:, None] == others[None]
            if same.all():
                yield none, cells[same]
            else:
                yield cells[~same], cells[same]


def set_to_set(
    left_ND: Floats,
    left_N: ArrayLike,
    right_MD: Floats,
    right_M: ArrayLike,
    targets: Sequence[float] = TARGETS,
) -> AllToAll:
    """Both passes in this process."""
    pairs = Across(left_ND, left_N, right_MD, right_M)
    seen = pairs.first(targets)
    return pairs.result(seen, pairs.second(tails.fine_bins(seen.impostors, targets)), targets)


def _ordered(
    emb_ND: Floats, identity_N: ArrayLike, what: str
) -> tuple[NDArray[np.float32], NDArray[np.integer]]:
    identity = whole(identity_N, f"{what} identities")
    emb = finite(np.asarray(emb_ND), f"{what} embeddings")
    if len(identity) != len(emb):
        raise ProtocolError(f"{len(identity)} {what} identities for {len(emb)} embeddings")
    order = np.argsort(identity, kind="stable")
    unit = normalise(emb[order].astype(np.float32)).astype(np.float32, copy=False)
    return unit, identity[order]
