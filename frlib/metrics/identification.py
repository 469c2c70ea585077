"""Identification on one's own sets: a gallery, probes with and without a mate, distractors.

A subject is enrolled with one template or several; its score is that of the best one. Distractors
are enrolled too, each as somebody else. A probe's mate is its own subject.

    rank k   share of the probes with a mate that have fewer than k others (subjects, distractors)
             scoring strictly above the mate: ties favour the mate
    FPIR     share of the probes without a mate whose best score is above the threshold
    TPIR     share of the probes with a mate that is above the threshold and above all others;
             `tpir_any_rank` without the second condition

The threshold is the lowest with FPIR <= target; "above" is always strict. Probes without a mate
serve the FPIR only. Scores are float32 dot products of normalised templates.

Shapes: G gallery templates, S subjects, Q probes, N distractors, D dimensions, K ranks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ConfigError, ProtocolError
from frlib.metrics.distractors import Rows, unit, unit_blocks
from frlib.metrics.embeddings import Floats, blocks
from frlib.metrics.one_to_one import ENOUGH
from frlib.metrics.val import num_allowed, require_far

PROTOCOL = "identification-best-template"
RANKS = (1, 5, 10)
TARGETS = (0.01, 0.1)
_NO_MATE = -1
_CELLS = 2**22


@dataclass(frozen=True, kw_only=True, eq=False)
class Enrolled:
    """Templates `[n, D]` and the subject (number or text) of each."""

    features: Floats
    subjects: ArrayLike


@dataclass(frozen=True, kw_only=True)
class OpenPoint:
    """TPIR where FPIR meets `target`; NaN when no probe lacks a mate.

    fpir: realised. threshold: accepted are scores above it (minus infinite: all).
    num_impostors_above: probes without a mate that are accepted.
    """

    target: float
    tpir: float
    tpir_any_rank: float
    fpir: float
    threshold: float
    num_mated: int
    num_impostors: int
    num_impostors_above: int

    @property
    def is_supported(self) -> bool:
        """At least `ENOUGH` probes without a mate are accepted here."""
        return self.num_impostors_above >= ENOUGH


@dataclass(frozen=True, kw_only=True, eq=False)
class Identification:
    """Closed-set ranks, open-set points, and what happened to every probe.

    rank_rates: `[K]` in order of `ranks`. rank_Q: rank of the mate, 0 without one. mate_Q: score of
    the mate, NaN without one. best_Q: best score of the others, minus infinite if there are none.
    num_tied: probes whose mate scores exactly what the best other does.
    """

    protocol: str
    ranks: tuple[int, ...]
    rank_rates: tuple[float, ...]
    points: tuple[OpenPoint, ...]
    rank_Q: NDArray[np.int64]
    mate_Q: NDArray[np.float32]
    best_Q: NDArray[np.float32]
    num_mated: int
    num_unmated: int
    num_subjects: int
    num_templates: int
    num_distractors: int

    @property
    def num_tied(self) -> int:
        """Probes that are right at their rank only because ties favour the mate."""
        return int((self.mate_Q == self.best_Q).sum())

    def cmc(self, ranks: int) -> NDArray[np.float64]:
        """`[ranks]` share of the probes with a mate that are right at rank 1, 2, .."""
        found = np.bincount(np.minimum(self.rank_Q[self.rank_Q > 0], ranks + 1))
        counts = np.zeros(ranks + 2, dtype=np.int64)
        counts[: len(found)] = found
        return np.cumsum(counts)[1 : ranks + 1] / self.num_mated


def identify(
    gallery: Enrolled,
    probes: Enrolled,
    distractors: Rows | None = None,
    *,
    ranks: Sequence[int] = RANKS,
    targets: Sequence[float] = TARGETS,
) -> Identification:
    """Search every probe in the gallery and among the distractors.

    `ProtocolError` when no probe has a mate, and for templates that are zero or of another
    dimension; `NumericsError` if not finite.
    """
    if not all(rank >= 1 for rank in ranks):
        raise ConfigError(f"ranks {list(ranks)}: expected whole numbers from 1")
    for target in targets:
        require_far(target)
    probe_QD = unit(probes.features, "probes")
    entry_GD = unit(gallery.features, "gallery templates")
    _require_dimension(probe_QD, entry_GD.shape, "gallery templates")
    entry_GD, starts_S, mate_Q = _by_subject(entry_GD, gallery.subjects, len(probe_QD), probes)
    num_mated = int((mate_Q != _NO_MATE).sum())
    if not num_mated:
        raise ProtocolError(
            f"none of {len(probe_QD)} probes has its subject among the {len(starts_S)} of the "
            "gallery. Are gallery and probes of one set, and subjects written in one way?"
        )
    score_Q, best_Q, above_Q = _in_gallery(probe_QD, entry_GD, starts_S, mate_Q)
    num_distractors = 0
    if distractors is not None:
        _require_dimension(probe_QD, distractors.shape, "distractors")
        for block in unit_blocks(distractors):
            num_distractors += len(block)
            _among(block, probe_QD, score_Q, best_Q, above_Q)
    rank_Q = np.where(mate_Q != _NO_MATE, above_Q + 1, 0)
    return Identification(
        protocol=PROTOCOL,
        ranks=tuple(ranks),
        rank_rates=tuple(
            int(((rank_Q > 0) & (rank_Q <= rank)).sum()) / num_mated for rank in ranks
        ),
        points=tuple(_point(target, rank_Q, score_Q, best_Q) for target in targets),
        rank_Q=rank_Q,
        mate_Q=score_Q,
        best_Q=best_Q,
        num_mated=num_mated,
        num_unmated=len(probe_QD) - num_mated,
        num_subjects=len(starts_S),
        num_templates=len(entry_GD),
        num_distractors=num_distractors,
    )


def _by_subject(
    entry_GD: NDArray[np.float32], subjects: ArrayLike, num_probes: int, probes: Enrolled
) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.int64]]:
    """Templates ordered by subject, where each subject begins, and the place of each mate."""
    subject_G, subject_Q = np.asarray(subjects), np.asarray(probes.subjects)
    if subject_G.shape != (len(entry_GD),) or subject_Q.shape != (num_probes,):
        raise ProtocolError(
            f"{len(entry_GD)} gallery templates with subjects of shape {subject_G.shape}, "
            f"{num_probes} probes with {subject_Q.shape}: expected one subject a template"
        )
    if (subject_G.dtype.kind in "iub") != (subject_Q.dtype.kind in "iub"):
        raise ProtocolError(
            f"gallery subjects are {subject_G.dtype}, those of the probes {subject_Q.dtype}: "
            "write both as numbers or both as text"
        )
    order = np.argsort(subject_G, kind="stable")
    known, starts_S = np.unique(subject_G[order], return_index=True)
    at = np.minimum(np.searchsorted(known, subject_Q), len(known) - 1)
    return entry_GD[order], starts_S, np.where(known[at] == subject_Q, at, _NO_MATE)


def _in_gallery(
    probe_QD: NDArray[np.float32],
    entry_GD: NDArray[np.float32],
    starts_S: NDArray[np.intp],
    mate_Q: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Mate score (NaN without), best other, and how many others are strictly above the mate."""
    score_Q = np.full(len(probe_QD), np.nan, dtype=np.float32)
    best_Q = np.empty(len(probe_QD), dtype=np.float32)
    above_Q = np.zeros(len(probe_QD), dtype=np.int64)
    for at in blocks(len(probe_QD), max(1, _CELLS // len(entry_GD))):
        subject_qS = probe_QD[at] @ entry_GD.T
        if len(starts_S) < len(entry_GD):
            subject_qS = np.maximum.reduceat(subject_qS, starts_S, axis=1)
        own = np.flatnonzero(mate_Q[at] != _NO_MATE)
        column = mate_Q[at][own]
        score_Q[at][own] = subject_qS[own, column]
        subject_qS[own, column] = -np.inf
        best_Q[at] = subject_qS.max(axis=1)
        _count(subject_qS, score_Q[at], best_Q[at], above_Q[at])
    return score_Q, best_Q, above_Q


def _among(
    block: NDArray[np.float32],
    probe_QD: NDArray[np.float32],
    score_Q: NDArray[np.float32],
    best_Q: NDArray[np.float32],
    above_Q: NDArray[np.int64],
) -> None:
    """Add a block of distractors to the best others and the counts."""
    for at in blocks(len(probe_QD), max(1, _CELLS // len(block))):
        cell_qn = probe_QD[at] @ block.T
        best_q = cell_qn.max(axis=1)
        np.maximum(best_Q[at], best_q, out=best_Q[at])
        _count(cell_qn, score_Q[at], best_q, above_Q[at])


def _count(
    cell_qn: NDArray[np.float32],
    score_q: NDArray[np.float32],
    best_q: NDArray[np.float32],
    above_q: NDArray[np.int64],
) -> None:
    """Add the others strictly above the mate; only rows whose best is need be counted."""
    beaten = np.flatnonzero(best_q > score_q)
    if len(beaten):
        above_q[beaten] += np.count_nonzero(cell_qn[beaten] > score_q[beaten, None], axis=1)


def _point(
    target: float,
    rank_Q: NDArray[np.int64],
    score_Q: NDArray[np.float32],
    best_Q: NDArray[np.float32],
) -> OpenPoint:
    is_mated = rank_Q > 0
    impostors = -np.sort(-best_Q[~is_mated])
    num, num_mated = len(impostors), int(is_mated.sum())
    if not num:
        nan = float("nan")
        return OpenPoint(
            target=target,
            tpir=nan,
            tpir_any_rank=nan,
            fpir=nan,
            threshold=nan,
            num_mated=num_mated,
            num_impostors=0,
            num_impostors_above=0,
        )
    allowed = num_allowed(num, target)
    threshold = float(impostors[allowed]) if allowed < num else float("-inf")
    is_accepted = is_mated & (score_Q > threshold)
    above = int((impostors > threshold).sum())
    return OpenPoint(
        target=target,
        tpir=int((is_accepted & (score_Q > best_Q)).sum()) / num_mated,
        tpir_any_rank=int(is_accepted.sum()) / num_mated,
        fpir=above / num,
        threshold=threshold,
        num_mated=num_mated,
        num_impostors=num,
        num_impostors_above=above,
    )


def _require_dimension(probe_QD: NDArray[np.float32], shape: tuple[int, ...], what: str) -> None:
    if shape[1:] != probe_QD.shape[1:]:
        raise ProtocolError(
            f"probes have shape {probe_QD.shape}, {what} {shape}: expected both as (images, "
            "dimensions) of one model"
        )
