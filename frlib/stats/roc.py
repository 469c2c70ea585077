"""TAR at a FAR, area and equal-error rate of weighted pairs, many draws of weights at a time.

Pairs are sorted once; a draw only adds up their weights. With all weights 1 the numbers are those
of `frlib.metrics`, ties included.

Larger score = more alike. Shapes: P pairs, G genuine, I impostors, B draws, T operating points.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ProtocolError
from frlib.stats.intervals import NAN

_ROUNDING = 1e-12
Weights = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Curve:
    """order_P: genuine pairs first, each kind by falling score; the scores in that order.

    above_G, not_below_G: impostors strictly above, and at least as high as, every genuine score.
    accepted_genuine_T, accepted_impostors_T: pairs accepted at every operating point, from
    "nothing" over each distinct score to "everything".
    """

    order_P: NDArray[np.int64]
    genuine: NDArray[np.float64]
    impostors: NDArray[np.float64]
    above_G: NDArray[np.int64]
    not_below_G: NDArray[np.int64]
    accepted_genuine_T: NDArray[np.int64]
    accepted_impostors_T: NDArray[np.int64]

    @property
    def is_flat(self) -> bool:
        """All scores are equal."""
        return len(self.accepted_genuine_T) == 2

    @property
    def is_apart(self) -> bool:
        """All genuine scores are above all impostor scores, or all below."""
        highest, lowest = self.impostors[0], self.impostors[-1]
        return bool(self.genuine[-1] > highest or self.genuine[0] < lowest)

    @property
    def num_genuine(self) -> int:
        """G."""
        return len(self.genuine)


def curve_of(score_P: ArrayLike, same_P: ArrayLike) -> Curve:
    """`ProtocolError` unless there is a finite score and a bool for every pair, of both kinds."""
    score, same = np.asarray(score_P, dtype=np.float64), np.asarray(same_P)
    if score.shape != same.shape or same.dtype != bool or not np.isfinite(score).all():
        raise ProtocolError(
            f"scores have shape {score.shape}, flags {same.shape} and type {same.dtype}; expected "
            "a finite score and a bool for every pair"
        )
    if same.all() or not same.any():
        raise ProtocolError(
            f"{int(same.sum())} genuine of {len(same)} pairs: a ROC curve needs both kinds"
        )
    order = np.lexsort((-score, ~same))
    num_genuine = int(same.sum())
    genuine, impostors = score[order[:num_genuine]], score[order[num_genuine:]]
    points = np.r_[np.inf, np.unique(score)[::-1]]
    return Curve(
        order,
        genuine,
        impostors,
        np.searchsorted(-impostors, -genuine, side="left"),
        np.searchsorted(-impostors, -genuine, side="right"),
        np.searchsorted(-genuine, -points, side="right"),
        np.searchsorted(-impostors, -points, side="right"),
    )


def _reached(weight_BK: Weights) -> NDArray[np.float64]:
    """`[B, K + 1]` weight of the first 0..K pairs."""
    found = np.zeros((len(weight_BK), weight_BK.shape[1] + 1))
    np.cumsum(weight_BK, axis=1, out=found[:, 1:])
    return found


def areas(curve: Curve, weight_BP: Weights) -> NDArray[np.float64]:
    """`[B]` weighted areas; NaN when a kind has no weight in a draw."""
    genuine = weight_BP[:, : curve.num_genuine]
    reached = _reached(weight_BP[:, curve.num_genuine :])
    lost = np.einsum("bg,bg->b", genuine, reached[:, curve.above_G])
    lost += np.einsum("bg,bg->b", genuine, reached[:, curve.not_below_G])
    with np.errstate(invalid="ignore"):
        lost /= 2 * genuine.sum(axis=1, dtype=np.float64) * reached[:, -1]
    return np.asarray(1 - lost)


def equal_errors(curve: Curve, weight_BP: Weights) -> NDArray[np.float64]:
    """`[B]` weighted equal-error rates, on the line between the two points around the crossing.

    NaN when a kind has no weight in a draw.
    """
    genuine = _reached(weight_BP[:, : curve.num_genuine])
    impostors = _reached(weight_BP[:, curve.num_genuine :])
    draw = np.arange(len(weight_BP))

    def rates(at: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        with np.errstate(invalid="ignore"):
            far = impostors[draw, curve.accepted_impostors_T[at]] / impostors[:, -1]
            return far, 1 - genuine[draw, curve.accepted_genuine_T[at]] / genuine[:, -1]

    before = np.zeros(len(draw), dtype=np.int64)
    after = np.full(len(draw), len(curve.accepted_genuine_T) - 1, dtype=np.int64)
    for _ in range(len(curve.accepted_genuine_T).bit_length()):
        middle = (before + after) // 2
        far, frr = rates(middle)
        after, before = np.where(far >= frr, middle, after), np.where(far >= frr, before, middle)
    (far, frr), (next_far, next_frr) = rates(before), rates(after)
    gap, next_gap = frr - far, next_far - next_frr
    return np.asarray(far + gap / (gap + next_gap) * (next_far - far))


def tar(curve: Curve, weight_P: Weights, target: float) -> float:
    """Weighted TAR where the weight of accepted impostors is at most `target` of all of theirs.

    NaN when a kind has no weight in this draw.
    """
    accepted = np.cumsum(weight_P[: curve.num_genuine], dtype=np.float64)
    reached = np.cumsum(weight_P[curve.num_genuine :], dtype=np.float64)
    if not reached[-1] or not accepted[-1]:
        return NAN
    at = int(np.searchsorted(reached, target * reached[-1] * (1 + _ROUNDING), side="right"))
    if at == len(curve.impostors):
        return 1.0
    above = int(np.searchsorted(-curve.genuine, -curve.impostors[at], side="left"))
    return float(accepted[above - 1] / accepted[-1]) if above else 0.0
