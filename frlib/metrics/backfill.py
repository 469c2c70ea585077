"""A gallery that is indexed again bit by bit: what the new model finds while old entries remain.

Entries get a random order by the seed. At share a the first round(a G) of it are the new model's,
the others still the old one's, so every share contains the smaller ones. Queries are always the new
model's, and one threshold judges old and new entries alike: their scores may lie differently, which
is what a partial backfill suffers from.

    rank1          share of the probes with a mate for which nobody scores strictly above it
    tpir@fpir=f    as `frlib.metrics.identification`, where there are probes without a mate
    tar@far=f      otherwise: share of the genuine cells (probe x entry) above the lowest threshold
                   that a share f of the impostor cells exceeds at most

Share 0 is the cross-test, share 1 the new model's own test. Every score is computed once, whatever
the number of shares (`frlib.metrics.mixed_gallery`).

Shapes: G gallery entries, Q probes, D dimensions, P pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ConfigError, ProtocolError
from frlib.core.seeds import stream
from frlib.metrics.distractors import unit
from frlib.metrics.embeddings import Floats, blocks
from frlib.metrics.mixed_gallery import Cells, Rate, Search, tar

SHARES = tuple(step / 10 for step in range(11))
FPIRS = (0.01, 0.1)
FARS = (0.001, 0.01)
_CELLS = 2**21


@dataclass(frozen=True, kw_only=True, eq=False)
class Point:
    """What a gallery with `num_new` of its entries indexed again is worth."""

    share: float
    num_new: int
    rates: tuple[Rate, ...]

    def rate(self, metric: str) -> Rate:
        """The rate of this name; `ProtocolError` where there is none."""
        for one in self.rates:
            if one.metric == metric:
                return one
        known = ", ".join(one.metric for one in self.rates)
        raise ProtocolError(f"no rate {metric!r} at a share of {self.share:g}; there are {known}")


def curve(
    old_GD: Floats,
    new_GD: Floats,
    gallery_subjects: ArrayLike,
    probe_QD: Floats,
    probe_subjects: ArrayLike,
    *,
    shares: Sequence[float] = SHARES,
    seed: int = 0,
    fpirs: Sequence[float] = FPIRS,
    fars: Sequence[float] = FARS,
    probe_of_old_QD: Floats | None = None,
) -> tuple[Point, ...]:
    """One point a share, in their order.

    old_GD, new_GD: the same entries by both models. probe_QD: by the new model; probe_of_old_QD:
    the same probes in the space of the old entries, where that is another one. `ProtocolError` for
    shapes that disagree, rows without direction and where no probe has a mate.
    """
    own_QD = probe_QD if probe_of_old_QD is None else probe_of_old_QD
    old, new = unit(old_GD, "old gallery"), unit(new_GD, "new gallery")
    to_old, to_new = unit(own_QD, "probes"), unit(probe_QD, "probes")
    person_G, person_Q = _numbers(gallery_subjects, probe_subjects)
    for what, entries, probes in (("old", old, to_old), ("new", new, to_new)):
        if entries.shape != (len(person_G), probes.shape[1]) or len(probes) != len(person_Q):
            raise ProtocolError(
                f"{what} gallery {entries.shape} of {len(person_G)} subjects, probes "
                f"{probes.shape} of {len(person_Q)}: expected the same entries by both models, a "
                "subject for each, and probes in the space of the entries"
            )
    is_mated = np.isin(person_Q, person_G)
    if not is_mated.any():
        raise ProtocolError(
            f"none of {len(person_Q)} probes has its subject in the gallery. Are both of one set, "
            "and subjects written in one way?"
        )
    counts = _counts(len(person_G), shares)
    ends, place_S = np.unique(counts, return_inverse=True)
    order = stream(seed, "backfill").permutation(len(person_G))
    old, new, person_G = old[order], new[order], person_G[order]
    search = Search(len(person_Q), ends)
    cells = Cells(person_G, person_Q, ends, fars) if is_mated.all() else None
    for at in blocks(len(person_Q), max(1, _CELLS // len(person_G))):
        old_qG, new_qG = to_old[at] @ old.T, to_new[at] @ new.T
        is_mate_qG = person_Q[at, None] == person_G
        search.add(at, old_qG, new_qG, is_mate_qG)
        if cells is not None:
            cells.add(old_qG, new_qG, is_mate_qG, person_Q[at])
    points = []
    for share, count, place in zip(shares, counts.tolist(), place_S.tolist(), strict=True):
        rates = search.rates(place, is_mated, person_Q, fpirs)
        rates += [] if cells is None else cells.rates(place)
        points.append(Point(share=share, num_new=count, rates=tuple(rates)))
    return tuple(points)


def curve_of_pairs(
    old_score_P: ArrayLike,
    new_score_P: ArrayLike,
    entry_P: ArrayLike,
    same_P: ArrayLike,
    person_P: ArrayLike,
    *,
    shares: Sequence[float] = SHARES,
    seed: int = 0,
    fars: Sequence[float] = FARS,
) -> tuple[Point, ...]:
    """The same for listed pairs: TAR where the enrolled sides are indexed again.

    old_score_P, new_score_P: the query by the new model, the enrolled side by the old and by the
    new one. entry_P: which enrolled entry a pair asks for. person_P: whose pair it is.
    """
    old, new = (np.asarray(score, dtype=np.float64) for score in (old_score_P, new_score_P))
    same = np.asarray(same_P, dtype=bool)
    names, entry = np.unique(np.asarray(entry_P), return_inverse=True)
    _, person = np.unique(np.asarray(person_P), return_inverse=True)
    if not old.shape == new.shape == same.shape == entry.shape == person.shape or old.ndim != 1:
        raise ProtocolError(
            f"scores {old.shape} and {new.shape}, flags {same.shape}, entries {entry.shape}, "
            f"people {person.shape}: expected one of each for every pair"
        )
    if same.all() or not same.any():
        raise ProtocolError("pairs of one kind only: a rate at a threshold needs both kinds")
    place = np.empty(len(names), dtype=np.int64)
    place[stream(seed, "backfill").permutation(len(names))] = np.arange(len(names))
    points = []
    for share, count in zip(shares, _counts(len(names), shares).tolist(), strict=True):
        score = np.where(place[entry] < count, new, old)
        impostors = np.sort(score[~same])[::-1]
        rates = (tar(score[same], person[same], impostors, len(impostors), far) for far in fars)
        points.append(Point(share=share, num_new=count, rates=tuple(rates)))
    return tuple(points)


def _numbers(
    gallery_subjects: ArrayLike, probe_subjects: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    gallery, probes = np.asarray(gallery_subjects), np.asarray(probe_subjects)
    if (gallery.dtype.kind in "iub") != (probes.dtype.kind in "iub"):
        raise ProtocolError(
            f"gallery subjects are {gallery.dtype}, those of the probes {probes.dtype}: write both "
            "as numbers or both as text"
        )
    _, number = np.unique(np.concatenate((gallery, probes)), return_inverse=True)
    return number[: len(gallery)], number[len(gallery) :]


def _counts(num: int, shares: Sequence[float]) -> NDArray[np.int64]:
    """Entries that are indexed again at every share."""
    if not shares or not all(0 <= share <= 1 for share in shares):
        raise ConfigError(f"shares {list(shares)}: expected at least one, each between 0 and 1")
    return np.array([round(num * share) for share in shares], dtype=np.int64)
