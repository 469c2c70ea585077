"""1:N search over IJB's galleries, in its two incompatible published definitions.

    ijb1n-joined  both galleries as one, every probe has exactly one mate. The threshold at FPIR f
                  is the ceil(Q f)-th largest of all Q (G - 1) non-mate scores; TPIR is the share of
                  mate scores strictly above it, whatever their rank
    ijb1n-split   each gallery on its own; probes without a mate in it set the threshold: the
                  max(floor(M f) - 1, 0)-th largest, counted from 0, of the best scores of those M.
                  A probe counts if its mate is strictly above both all other entries and the
                  threshold. TPIR is the mean of both galleries; rank counts are added up and
                  divided by the number of all probes
    ijb1n-joined-ranks  MixBCT's addition to the second: rank counts in both galleries as one,
                  over the number of all probes

Sources: insightface, recognition/_evaluation_/ijb/ijb_1n.py (joined) and ijb_evals.py (split, also
in MixBCT). Rank k means fewer than k entries strictly above the mate; the sources leave the order
of ties to a sort. Ties thus favour the mate: `num_tied` counts the probes whose mate another entry
equals.

Shapes: Q probes, M of them with a mate, D dimensions, F targets, K ranks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ConfigError, ProtocolError
from frlib.metrics.embeddings import Floats
from frlib.metrics.gallery import Gallery, joined, search
from frlib.metrics.one_to_one import ENOUGH
from frlib.metrics.templates import whole

RANKS = (1, 5, 10)
JOINED_TARGETS = (0.01, 0.1)
SPLIT_TARGETS = tuple(float(10.0 ** (step / 25 - 4)) for step in range(101))


@dataclass(frozen=True, kw_only=True)
class SearchPoint:
    """TPIR at a target FPIR. num_impostors_above: non-mate scores strictly above the threshold.

    For `ijb1n-split` these are best scores of probes without a mate. num_mated, num_impostors: what
    the two rates are shares of; for `ijb1n-joined` num_impostors is the number of probes.
    """

    target: float
    tpir: float
    threshold: float
    num_mated: int
    num_impostors: int
    num_impostors_above: int

    @property
    def is_supported(self) -> bool:
        """At least `ENOUGH` non-mates are above the threshold."""
        return self.num_impostors_above >= ENOUGH


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Result of `ijb1n-joined`; rates 0..1 in order of ranks and targets."""

    protocol: str
    ranks: tuple[int, ...]
    rank_counts: tuple[int, ...]
    points: tuple[SearchPoint, ...]
    num_probes: int
    num_gallery: int
    num_tied: int
    num_zero: int

    @property
    def rank_rates(self) -> tuple[float, ...]:
        """Share of the probes found at each rank."""
        return tuple(count / self.num_probes for count in self.rank_counts)


@dataclass(frozen=True, kw_only=True, eq=False)
class OneGallery:
    """One gallery of `ijb1n-split`, and what its M mated probes met in it.

    probe_M: rows of the probes. rank_M: rank of the mate, from 1. lead_M: the mate's score where no
    other entry reaches it, else minus infinite: a probe counts at a point where this is strictly
    above the threshold.
    """

    probe_M: NDArray[np.int64]
    rank_M: NDArray[np.int64]
    lead_M: NDArray[np.float32]
    rank_counts: tuple[int, ...]
    points: tuple[SearchPoint, ...]
    num_mated: int
    num_gallery: int
    num_tied: int
    num_zero: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Result of `ijb1n-split`; every target's TPIR is the mean over the galleries."""

    protocol: str
    ranks: tuple[int, ...]
    targets: tuple[float, ...]
    galleries: tuple[OneGallery, ...]
    num_probes: int

    @property
    def rank_rates(self) -> tuple[float, ...]:
        """Counts of all galleries over all probes."""
        counts = zip(*(one.rank_counts for one in self.galleries), strict=True)
        return tuple(sum(of_rank) / self.num_probes for of_rank in counts)

    @property
    def tpir(self) -> tuple[float, ...]:
        """`[F]` mean over galleries."""
        points = zip(*(one.points for one in self.galleries), strict=True)
        return tuple(sum(one.tpir for one in at) / len(at) for at in points)


@dataclass(frozen=True, kw_only=True)
class JoinedRanks:
    """Result of `ijb1n-joined-ranks`; num_mated: probes that have a mate at all."""

    protocol: str
    ranks: tuple[int, ...]
    rank_counts: tuple[int, ...]
    num_probes: int
    num_mated: int
    num_gallery: int
    num_tied: int
    num_zero: int

    @property
    def rank_rates(self) -> tuple[float, ...]:
        """Share of all probes found at each rank."""
        return tuple(count / self.num_probes for count in self.rank_counts)


def ijb1n_joined(
    galleries: Sequence[Gallery],
    probe_QD: Floats,
    subject_Q: ArrayLike,
    targets: Sequence[float] = JOINED_TARGETS,
    ranks: Sequence[int] = RANKS,
) -> Joined:
    """Identification in all galleries as one. `ProtocolError` for a probe without a mate."""
    whole_gallery = joined(galleries)
    subjects = whole(subject_Q, "probe subjects")
    num_probes, num_others = len(subjects), len(whole_gallery.features) - 1
    _require(targets, ranks)
    places = [math.ceil(num_probes * target) for target in targets]
    if num_others < 1 or max(places) > num_probes * num_others:
        raise ProtocolError(
            f"{num_probes} probes and {num_others + 1} gallery entries make "
            f"{num_probes * num_others} non-mate scores; FPIR {max(targets):g} needs {max(places)}"
        )
    found = search(whole_gallery, probe_QD, subjects, keep=max(places))
    lacking = np.flatnonzero(~found.has_mate)
    if len(lacking):
        raise ProtocolError(
            f"probe {lacking[0]} (subject {subjects[lacking[0]]}) has no mate in the joined "
            f"gallery ({len(lacking)} of {num_probes} probes): `ijb1n-joined` is defined for "
            "closed sets only; use `ijb1n-split`"
        )
    points = tuple(
        _point(target, float(found.largest[place - 1]), found.mate_Q, found.largest, num_probes)
        for target, place in zip(targets, places, strict=True)
    )
    return Joined(
        protocol="ijb1n-joined",
        ranks=tuple(ranks),
        rank_counts=found.rank_counts(ranks),
        points=points,
        num_probes=num_probes,
        num_gallery=found.num_gallery,
        num_tied=found.num_tied,
        num_zero=found.num_zero,
    )


def ijb1n_split(
    galleries: Sequence[Gallery],
    probe_QD: Floats,
    subject_Q: ArrayLike,
    targets: Sequence[float] = SPLIT_TARGETS,
    ranks: Sequence[int] = RANKS,
) -> Split:
    """Identification in each gallery on its own.

    `ProtocolError` when a gallery has mates of all probes or of none: there is then no threshold or
    nothing to find.
    """
    if not galleries:
        raise ProtocolError("no gallery: expected at least one, IJB has two")
    _require(targets, ranks)
    subjects = whole(subject_Q, "probe subjects")
    return Split(
        protocol="ijb1n-split",
        ranks=tuple(ranks),
        targets=tuple(targets),
        galleries=tuple(_alone(one, probe_QD, subjects, targets, ranks) for one in galleries),
        num_probes=len(subjects),
    )


def ijb1n_joined_ranks(
    galleries: Sequence[Gallery],
    probe_QD: Floats,
    subject_Q: ArrayLike,
    ranks: Sequence[int] = RANKS,
) -> JoinedRanks:
    """Rank counts in all galleries as one. Across models: old galleries, new probes."""
    _require_ranks(ranks)
    found = search(joined(galleries), probe_QD, subject_Q)
    return JoinedRanks(
        protocol="ijb1n-joined-ranks",
        ranks=tuple(ranks),
        rank_counts=found.rank_counts(ranks),
        num_probes=len(found.mate_Q),
        num_mated=int(found.has_mate.sum()),
        num_gallery=found.num_gallery,
        num_tied=found.num_tied,
        num_zero=found.num_zero,
    )


def _require(targets: Sequence[float], ranks: Sequence[int]) -> None:
    if not targets or not all(0 < target <= 1 for target in targets):
        raise ConfigError(f"FPIR targets {list(targets)[:5]}: expected shares above 0, at most 1")
    _require_ranks(ranks)


def _require_ranks(ranks: Sequence[int]) -> None:
    if not ranks or not all(rank >= 1 for rank in ranks):
        raise ConfigError(f"ranks {list(ranks)}: expected whole numbers from 1")


def _alone(
    gallery: Gallery,
    probe_QD: Floats,
    subjects: NDArray[np.integer[Any]],
    targets: Sequence[float],
    ranks: Sequence[int],
) -> OneGallery:
    found = search(gallery, probe_QD, subjects)
    has_mate = found.has_mate
    num_mated, num_others = int(has_mate.sum()), int((~has_mate).sum())
    if not num_mated or not num_others:
        raise ProtocolError(
            f"of {len(subjects)} probes {num_mated} have a mate in a gallery of "
            f"{found.num_gallery}: `ijb1n-split` needs probes with and without one in every "
            "gallery. With mates for all, use `ijb1n-joined`"
        )
    leads = has_mate & (found.mate_Q > found.best_Q)
    mates = np.where(leads, found.mate_Q, -np.inf)[has_mate]
    others = np.sort(found.best_Q[~has_mate])[::-1]
    points = tuple(
        _point(target, float(others[max(int(num_others * target) - 1, 0)]), mates, others, None)
        for target in targets
    )
    return OneGallery(
        probe_M=np.flatnonzero(has_mate),
        rank_M=found.above_Q[has_mate] + 1,
        lead_M=mates,
        rank_counts=found.rank_counts(ranks),
        points=points,
        num_mated=num_mated,
        num_gallery=found.num_gallery,
        num_tied=found.num_tied,
        num_zero=found.num_zero,
    )


def _point(
    target: float,
    threshold: float,
    mates: NDArray[np.float32],
    others: NDArray[np.float32],
    num_impostors: int | None,
) -> SearchPoint:
    return SearchPoint(
        target=target,
        tpir=int((mates > threshold).sum()) / len(mates),
        threshold=threshold,
        num_mated=len(mates),
        num_impostors=len(others) if num_impostors is None else num_impostors,
        num_impostors_above=int((others > threshold).sum()),
    )
