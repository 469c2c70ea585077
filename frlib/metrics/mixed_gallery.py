"""Scores in a gallery of which the first entries are of one model and the rest of another.

Entries stand in one order and only the place where the models meet changes, so the best score of
every mixture is the larger of a running maximum of new scores and one of old scores from the other
end: one pass over the scores serves all mixtures.

Shapes: G entries, Q probes, q probes of a block, S ends, M trials.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.metrics.distractors import Tail
from frlib.metrics.val import num_allowed, require_far

Scores = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rate:
    """A share of M trials. event_M: which succeeded; person_M: whose they are, as numbers.

    num_impostors_above: impostor trials above the threshold; None where there is no threshold.
    """

    metric: str
    event_M: Flags
    person_M: NDArray[np.int64]
    num_impostors_above: int | None = None

    @property
    def value(self) -> float:
        """0..1."""
        return float(self.event_M.mean())


class Search:
    """Best scores of every probe, mates and others apart, at every end.

    ends: `[S]` ascending; at end e the entries 0..e-1 are new.
    """

    def __init__(self, num_probes: int, ends: NDArray[np.int64]) -> None:
        self._ends = ends
        self._mate_QS, self._other_QS = np.full((2, num_probes, len(ends)), -np.inf, np.float32)

    def add(self, at: slice, old_qG: Scores, new_qG: Scores, is_mate_qG: Flags) -> None:
        """The scores of a block of probes by both models."""
        for best_QS, is_counted in ((self._mate_QS, is_mate_qG), (self._other_QS, ~is_mate_qG)):
            news, olds = (
                np.where(is_counted, score, np.float32(-np.inf)) for score in (new_qG, old_qG)
            )
            turned = old_qG.shape[1] - self._ends[::-1]
            from_end = _running(olds[:, ::-1], turned)[:, ::-1]
            np.maximum(_running(news, self._ends), from_end, out=best_QS[at])

    def rates(
        self, place: int, is_mated: Flags, person_Q: NDArray[np.int64], fpirs: Sequence[float]
    ) -> list[Rate]:
        """Rank 1 and, with probes that have no mate, TPIR, at the end `place`."""
        mate, other = self._mate_QS[is_mated, place], self._other_QS[is_mated, place]
        person = person_Q[is_mated]
        found = [Rate(metric="rank1", event_M=mate >= other, person_M=person)]
        impostors = -np.sort(-self._other_QS[~is_mated, place])
        for fpir in fpirs if len(impostors) else ():
            limit, above = threshold(impostors, len(impostors), fpir)
            found.append(
                Rate(
                    metric=f"tpir@fpir={fpir:g}",
                    event_M=(mate > limit) & (mate > other),
                    person_M=person,
                    num_impostors_above=above,
                )
            )
        return found


class Cells:
    """All genuine cells (probe x entry), and of impostor cells the largest between two ends."""

    def __init__(
        self,
        person_G: NDArray[np.int64],
        person_Q: NDArray[np.int64],
        ends: NDArray[np.int64],
        fars: Sequence[float],
    ) -> None:
        counts = np.bincount(person_G, minlength=int(person_Q.max()) + 1)
        self._num_impostors = len(person_Q) * len(person_G) - int(counts[person_Q].sum())
        self._fars, self._ends = fars, ends
        allowed = [num_allowed(self._num_impostors, require_share(far)) for far in fars]
        self._keep = max(allowed, default=0) + 1
        self._edges = np.unique(np.r_[0, ends, len(person_G)])
        self._tails = [(Tail(self._keep), Tail(self._keep)) for _ in self._edges[1:]]
        self._genuine: list[tuple[NDArray[Any], ...]] = []

    def add(
        self, old_qG: Scores, new_qG: Scores, is_mate_qG: Flags, person_q: NDArray[np.int64]
    ) -> None:
        """The scores of a block of probes by both models."""
        row, column = np.nonzero(is_mate_qG)
        self._genuine.append((old_qG[row, column], new_qG[row, column], column, person_q[row]))
        for part, (low, high) in enumerate(pairwise(self._edges)):
            is_impostor = ~is_mate_qG[:, low:high]
            for tail, score_qG in zip(self._tails[part], (old_qG, new_qG), strict=True):
                tail.add(score_qG[:, low:high][is_impostor])

    @cached_property
    def _all_genuine(self) -> tuple[NDArray[Any], ...]:
        return tuple(np.concatenate(part) for part in zip(*self._genuine, strict=True))

    @cached_property
    def _largest(self) -> list[tuple[Scores, ...]]:
        return [tuple(tail.scores() for tail in pair) for pair in self._tails]

    def rates(self, place: int) -> list[Rate]:
        """TAR at the end `place`; none where there is no impostor cell."""
        if not self._num_impostors:
            return []
        end = self._ends[place]
        old, new, column, person = self._all_genuine
        genuine = np.where(column < end, new, old)
        tails = [
            pair[int(low < end)] for low, pair in zip(self._edges[:-1], self._largest, strict=True)
        ]
        both = np.concatenate(tails)
        impostors = largest(both, self._keep)
        return [tar(genuine, person, impostors, self._num_impostors, far) for far in self._fars]


def tar(
    genuine_M: NDArray[Any],
    person_M: NDArray[np.int64],
    impostors: NDArray[Any],
    num_impostors: int,
    far: float,
) -> Rate:
    """impostors: the largest of them, descending; as many as the threshold takes."""
    limit, above = threshold(impostors, num_impostors, far)
    return Rate(
        metric=f"tar@far={far:g}",
        event_M=genuine_M > limit,
        person_M=person_M,
        num_impostors_above=above,
    )


def require_share(target: float) -> float:
    """The target itself; `ConfigError` unless it is a share."""
    require_far(target)
    return target


def threshold(impostors: NDArray[Any], num: int, target: float) -> tuple[float, int]:
    """The lowest that at most a share `target` of `num` impostors exceeds, and how many do.

    impostors: the largest of them, descending, as many as it takes. Accepted are scores above.
    """
    allowed = num_allowed(num, require_share(target))
    if allowed >= num:
        return float("-inf"), num
    limit = float(impostors[allowed])
    return limit, int((impostors > limit).sum())


def largest(scores: NDArray[Any], keep: int) -> NDArray[Any]:
    """The `keep` largest scores, descending; all where there are fewer."""
    first = max(0, len(scores) - keep)
    found: NDArray[Any] = np.sort(np.partition(scores, first)[first:])[::-1]
    return found


def _running(score_qG: Scores, ends: NDArray[np.int64]) -> Scores:
    """`[q, S]` the best of the entries before each end."""
    found = np.full((len(score_qG), len(ends)), -np.inf, np.float32)
    for part, (low, high) in enumerate(pairwise(np.append(0, ends))):
        if high > low:
            score_qG[:, low:high].max(axis=1, out=found[:, part])
    return np.maximum.accumulate(found, axis=1)
