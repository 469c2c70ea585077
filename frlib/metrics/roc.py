"""Area, equal-error rate and TAR at FAR over all pairs at once: exact, ties included, no folds.

Scores: larger = more alike. Shapes: P pairs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from frlib.metrics import folds
from frlib.metrics.embeddings import Floats
from frlib.metrics.one_to_one import ENOUGH
from frlib.metrics.val import num_allowed, require_far
from frlib.metrics.verification import finite_values


def auc(score_P: ArrayLike, same_P: ArrayLike) -> float:
    """Probability that a same pair scores above a different one; a tie counts one half."""
    same, different = _by_kind(score_P, same_P)
    below = int(np.searchsorted(different, same, side="left").sum())
    up_to = int(np.searchsorted(different, same, side="right").sum())
    return (below + up_to) / (2 * len(same) * len(different))


def eer(score_P: ArrayLike, same_P: ArrayLike) -> float:
    """Rate where false accepts equal false rejects, 0..1.

    The operating points are "accept score >= t" for every distinct score t, and "accept nothing".
    Where no point has equal rates, the line between the two neighbouring points is used; tied
    scores therefore enter together and their order in the input does not matter.
    """
    same, different = _by_kind(score_P, same_P)
    threshold = np.unique(np.concatenate((same, different)))[::-1]
    accepted = (len(different) - np.searchsorted(different, threshold)) / len(different)
    rejected = np.searchsorted(same, threshold) / len(same)
    far, frr = np.r_[0.0, accepted], np.r_[1.0, rejected]
    at = int(np.argmax(far >= frr))
    gap_before, gap_at = frr[at - 1] - far[at - 1], frr[at] - far[at]
    weight = gap_before / (gap_before - gap_at)
    return float(far[at - 1] + weight * (far[at] - far[at - 1]))


@dataclass(frozen=True)
class TarAtFar:
    """`tar` at the realised `far` (never above the target), accepting scores above `threshold`."""

    tar: float
    far: float
    threshold: float
    num_impostors_above: int

    @property
    def is_supported(self) -> bool:
        """At least `ENOUGH` impostors are accepted here."""
        return self.num_impostors_above >= ENOUGH


def tar_at_far(score_P: ArrayLike, same_P: ArrayLike, target: float) -> TarAtFar:
    """Share of same pairs accepted where at most a share `target` of the different ones is.

    Strict and without interpolation: only the ceil(target n) largest impostor scores are ordered.
    """
    require_far(target)
    values = finite_values(score_P)
    flags = folds.same_flags(same_P, len(values))
    same, different = values[flags], values[~flags]
    allowed = num_allowed(len(different), target)
    if allowed == len(different):
        return TarAtFar(1.0, 1.0, float("-inf"), len(different))
    at = len(different) - 1 - allowed
    threshold = np.partition(different, at)[at]
    above = int(np.count_nonzero(different > threshold))
    return TarAtFar(
        float(np.mean(same > threshold)), above / len(different), float(threshold), above
    )


def _by_kind(score_P: ArrayLike, same_P: ArrayLike) -> tuple[Floats, Floats]:
    values = finite_values(score_P)
    flags = folds.same_flags(same_P, len(values))
    return np.sort(values[flags]), np.sort(values[~flags])
