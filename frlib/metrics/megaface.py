"""Identification of people among distractors as MegaFace does it, raw and refined.

For every person with two images or more, each image in turn stands in the gallery together with all
distractors, and the person's other images are probes. A trial is right at rank k if the score of
probe and gallery image is >= the probe's k-th best distractor score (ties favour the match).
Accuracy at rank k is right trials / all trials, so people with many images weigh quadratically.
Scores are dot products of normalised features. Verification: genuine pairs are those of one person,
impostors every probe with every distractor; largest TAR with FAR <= target.

    megaface-raw            all as given
    megaface-R-facexzoo     a noisy probe becomes the normalised sum of the person's clean features
                            (an easy trial, not a removed one), a noisy distractor the zero vector:
                            it scores 0 and still beats a mate of negative score
    megaface-R-insightface  the sum gets noise of +-0.001 before it is normalised, unseeded in the
                            source and seeded here. A noisy distractor is moved far from everything
                            by a further dimension: it beats nothing and is never accepted, but
                            counts as an impostor
    megaface-R-drop         noisy probes and distractors are left out. Cleaner, and not comparable
                            to published figures

Sources: FaceX-Zoo (JDAI-CV), test_protocol/megaface; insightface,
recognition/_evaluation_/megaface/remove_noises.py. All variants come from one pass over the
distractors; the noisy ones are searched apart.

Two equal images need not score equally to the last bit in two products, so a tie between a mate and
a copy of it among the distractors may be decided by rounding, here as in the sources.

Shapes: M probes, N distractors, D dimensions, K ranks, T trials.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ConfigError, ProtocolError
from frlib.metrics import refined
from frlib.metrics.distractors import Rows, Strongest, strongest, unit_blocks, unit_rows
from frlib.metrics.one_to_one import OperatingPoint
from frlib.metrics.refined import VARIANTS, People, Probes, Stacked, Variant
from frlib.metrics.val import num_allowed, require_far

TARGETS = (1e-6,)
_MAX_TAIL = 50_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Distractors:
    """Images of nobody among the probes: features `[N, D]`, read in slices, and which are noise."""

    features: Rows
    noisy: ArrayLike | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class MegaFace:
    """One variant. cmc_K: share of trials that are right at rank 1..K.

    rank_T: rank of every trial, K + 1 if beyond K; probe_T, gallery_T: its two images as rows of
    the probes; score_T: their score (trials with probe_T < gallery_T are the genuine pairs of the
    points, each once). points: TAR at the target FARs. num_lonely: people with one image, who have
    no trial. num_distractors: those searched (without the left out). num_noisy_*: what the lists
    say, whether the variant uses it or not.
    """

    protocol: Variant
    cmc_K: NDArray[np.float64]
    rank_T: NDArray[np.int32]
    probe_T: NDArray[np.int64]
    gallery_T: NDArray[np.int64]
    score_T: NDArray[np.float32]
    points: tuple[OperatingPoint, ...]
    num_probes: int
    num_people: int
    num_lonely: int
    num_distractors: int
    num_noisy_probes: int
    num_noisy_distractors: int

    @property
    def num_trials(self) -> int:
        """Ordered pairs of one person."""
        return len(self.rank_T)

    @property
    def rank1(self) -> float:
        """Share of trials that are right at rank 1."""
        return float(self.cmc_K[0])


def megaface(
    probes: Probes,
    distractors: Distractors,
    *,
    variants: Sequence[Variant] = VARIANTS,
    ranks: int = 10,
    targets: Sequence[float] = TARGETS,
    seed: int = 0,
) -> tuple[MegaFace, ...]:
    """The asked variants, from one pass over the distractors.

    ranks: K. targets: FARs of the verification points; may be empty. seed: of the noise that
    `megaface-R-insightface` adds. `ProtocolError` for a person whose images are all noisy (the
    refined variants cannot replace them; `megaface-R-drop` can do without), when nobody has two
    images, for features that are zero or of two dimensions; `NumericsError` if not finite.
    """
    _require(variants, ranks, targets)
    people = refined.people_of(probes)
    features = distractors.features
    is_noise_N = refined.flags(distractors.noisy, features.shape[0], "distractors")
    if features.shape[1:] != people.features.shape[1:]:
        raise ProtocolError(
            f"probes have shape {people.features.shape}, distractors {features.shape}: expected "
            "both as (images, dimensions) of one model"
        )
    stack = refined.stacked(people, variants, seed)
    size = _tail_size(len(people.features) * features.shape[0], targets)
    clean, noise = (
        strongest(
            stack.features,
            blocks,
            ranks,
            group_M=stack.group,
            tails=(size,) * refined.NUM_GROUPS,
        )
        for blocks in (
            unit_blocks(features, is_noise_N),
            unit_rows(features, np.flatnonzero(is_noise_N)),
        )
    )
    return tuple(_result(one, people, stack, clean, noise, targets, size) for one in variants)


def _tail_size(num: int, targets: Sequence[float]) -> int:
    """How many of the largest impostors, of `num` at most, decide these targets."""
    size = max((num_allowed(num, target) + 1 for target in targets), default=0)
    if size > _MAX_TAIL:
        raise ConfigError(
            f"FAR {max(targets):g} of {num:,} impostors keeps {size:,} scores; at most "
            f"{_MAX_TAIL:,} are kept. Choose a lower FAR"
        )
    return size


def _result(
    variant: Variant,
    people: People,
    stack: Stacked,
    clean: Strongest,
    noise: Strongest,
    targets: Sequence[float],
    size: int,
) -> MegaFace:
    row_M = refined.rows_of(variant, stack)
    used = np.flatnonzero(row_M >= 0)
    top_MK = _searched(variant, clean.top_MK[row_M], noise.top_MK[row_M], noise.num)
    features = stack.features[row_M]
    trials = [
        _trials(np.array(rows), features, top_MK)
        for rows in _grouped(people.person[used], used)
        if len(rows) > 1
    ]
    if not trials:
        raise ProtocolError(
            f"{variant}: none of {len(people.names)} people has two images to compare "
            f"({len(used)} probes). Do the persons belong to these features?"
        )
    rank_T, probe_T, gallery_T, score_T = (
        np.concatenate(part) for part in zip(*trials, strict=True)
    )
    num_ranks = top_MK.shape[1]
    right_K = np.cumsum(np.bincount(rank_T, minlength=num_ranks + 2))[1 : num_ranks + 1]
    counts = np.bincount(people.person[used], minlength=len(people.names))
    num = clean.num + (0 if variant == "megaface-R-drop" else noise.num)
    groups = np.unique(stack.group[row_M[used]]).tolist()
    tail = _tail(variant, clean, noise, groups, min(size, len(used) * noise.num))
    return MegaFace(
        protocol=variant,
        cmc_K=right_K / len(rank_T),
        rank_T=rank_T,
        probe_T=probe_T,
        gallery_T=gallery_T,
        score_T=score_T,
        points=tuple(
            _point(score_T[probe_T < gallery_T], tail, len(used) * num, target)
            for target in targets
        ),
        num_probes=len(used),
        num_people=int((counts > 0).sum()),
        num_lonely=int((counts == 1).sum()),
        num_distractors=num,
        num_noisy_probes=int(people.is_noise.sum()),
        num_noisy_distractors=noise.num,
    )


def _grouped(person: NDArray[np.int64], rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    order = np.argsort(person, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(person[order])) + 1)


def _searched(
    variant: Variant, clean: NDArray[np.float32], noise: NDArray[np.float32], num_noise: int
) -> NDArray[np.float32]:
    """`[M, K]` the best distractor scores of the variant, descending."""
    if variant == "megaface-raw":
        others = noise
    elif variant == "megaface-R-facexzoo":
        others = np.zeros((len(clean), min(num_noise, clean.shape[1])), dtype=np.float32)
    else:
        return clean
    merged = -np.sort(-np.concatenate((clean, others), axis=1), axis=1)
    return merged[:, : clean.shape[1]]


def _trials(
    rows: NDArray[np.int64], features: NDArray[np.float32], top_MK: NDArray[np.float32]
) -> tuple[NDArray[Any], ...]:
    """Rank, probe, gallery image and score of all ordered pairs of one person."""
    score = features[rows] @ features[rows].T
    probe, gallery = np.nonzero(~np.eye(len(rows), dtype=bool))
    rank = np.empty(score.shape, dtype=np.int32)
    for place, row in enumerate(rows):
        ascending = top_MK[row, ::-1]
        not_above = np.searchsorted(ascending, score[place], side="right")
        rank[place] = len(ascending) - not_above + 1
    return rank[probe, gallery], rows[probe], rows[gallery], score[probe, gallery]


def _tail(
    variant: Variant, clean: Strongest, noise: Strongest, groups: list[int], num_zeros: int
) -> NDArray[np.float32]:
    """The largest impostor scores of the variant, descending."""
    parts = [clean.tails[group] for group in groups]
    if variant == "megaface-raw":
        parts += [noise.tails[group] for group in groups]
    elif variant == "megaface-R-facexzoo":
        parts.append(np.zeros(num_zeros, dtype=np.float32))
    return -np.sort(-np.concatenate(parts))


def _point(
    genuine: NDArray[np.float32], tail: NDArray[np.float32], num: int, target: float
) -> OperatingPoint:
    """Largest TAR with FAR <= target; what the tail lacks is below everything in it."""
    allowed = num_allowed(num, target)
    threshold = float(tail[allowed]) if allowed < len(tail) else -np.inf
    above = int(np.searchsorted(-tail, -np.float32(threshold)))
    return OperatingPoint(
        rule="far_at_most",
        target=target,
        tar=float((genuine > threshold).mean()),
        far=above / num,
        threshold=threshold,
        num_genuine=len(genuine),
        num_impostors=num,
        num_impostors_above=above,
    )


def _require(variants: Sequence[Variant], ranks: int, targets: Sequence[float]) -> None:
    refined.require_variants(variants)
    if ranks < 1:
        raise ConfigError(f"ranks={ranks}: expected a whole number from 1")
    for target in targets:
        require_far(target)
