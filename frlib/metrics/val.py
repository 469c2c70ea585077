"""VAL: the share of same pairs accepted where FAR meets a target.

Source: insightface, recognition/arcface_torch/eval/verification.py (classic); ExpFace (baiyun-code,
arXiv 2509.19753) for the rule named after it; strict is this project's.

The threshold is chosen on the training folds and applied to the held-out one. FAR as a function of
the threshold is a staircase; the rules differ in what they do on its treads:

    classic   between the last grid point with FAR <= target and the first above it (SciPy up to
              1.9.2, the published numbers); realised FAR exceeds targets below one impostor
    expface   keep the first grid point of every tread, then interpolate linearly (ExpFace)
    strict    the largest threshold with FAR <= target, from the distances themselves; no grid.
              For new work

The grid is 0, 0.001, .. 3.999. If FAR stays below the target on all of it, classic and expface take
the threshold 0.

Shapes: P pairs, K folds, T thresholds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ConfigError, ProtocolError
from frlib.metrics import folds, grid
from frlib.metrics.embeddings import Floats
from frlib.metrics.verification import finite_values

Rule = Literal["classic", "expface", "strict"]
VAL_GRID = np.arange(0, 4, 0.001)


@dataclass(frozen=True, kw_only=True, eq=False)
class Val:
    """VAL and realised FAR of the held-out folds, and their thresholds (squared distances).

    num_impostors_above: different pairs accepted in all held-out folds together; with fewer than
    ten the numbers rest on very little.
    """

    protocol: str
    target: float
    val_per_fold: NDArray[np.float64]
    far_per_fold: NDArray[np.float64]
    threshold_per_fold: NDArray[np.float64]
    num_impostors_above: int

    @property
    def val(self) -> float:
        """Mean accepted share of same pairs."""
        return float(np.mean(self.val_per_fold))

    @property
    def std(self) -> float:
        """Population standard deviation of VAL over folds."""
        return float(np.std(self.val_per_fold))

    @property
    def far(self) -> float:
        """Mean accepted share of different pairs: what the target became."""
        return float(np.mean(self.far_per_fold))


def val_at_far(
    distance_P: ArrayLike,
    same_P: ArrayLike,
    fold_P: ArrayLike,
    target: float = 1e-3,
    rule: Rule = "strict",
) -> Val:
    """VAL at FAR = `target` (0..1) from squared distances; `protocol` is `val-<rule><K>`.

    `ProtocolError` when a held-out fold, or the folds that choose its threshold, lack a kind of
    pair.
    """
    value_P = finite_values(distance_P)
    flag_P = folds.same_flags(same_P, len(value_P))
    index_P, num_folds = folds.numbered(fold_P, len(value_P))
    require_far(target)
    if rule == "strict":
        return _strict(value_P, flag_P, index_P, num_folds, target)
    if rule not in _INTERPOLATED:
        raise ConfigError(f"VAL rule {rule!r}: expected one of {', '.join(_INTERPOLATED)}, strict")
    return interpolated(
        value_P, flag_P, index_P, num_folds, target, VAL_GRID, f"val-{rule}", _INTERPOLATED[rule]
    )


def require_far(target: float) -> None:
    """`ConfigError` unless the false-accept rate is a share."""
    if not 0 <= target <= 1:
        raise ConfigError(
            f"false-accept rate {target}: expected a share between 0 and 1 (1e-3, not 0.1 percent)"
        )


def interpolated(
    value_P: Floats,
    same_P: NDArray[np.bool_],
    fold_P: NDArray[np.int64],
    num_folds: int,
    target: float,
    grid_T: NDArray[np.float64],
    name: str,
    threshold_at: Callable[[NDArray[np.float64], NDArray[np.float64], float], float],
) -> Val:
    """The two grid rules; `value_P` may be any quantity of which small values are accepted."""
    counts = grid.held_out(value_P, same_P, fold_P, num_folds, grid_T)
    training = counts.training()
    _require_both(counts.num_same, counts.num_different, training.num_different)
    far_KT = training.different / training.num_different[:, None]
    threshold_K = np.array(
        [threshold_at(far_T, grid_T, target) if far_T[-1] >= target else 0.0 for far_T in far_KT]
    )
    return _applied(f"{name}{num_folds}", target, value_P, same_P, fold_P, threshold_K)


def classic(far_T: NDArray[np.float64], grid_T: NDArray[np.float64], target: float) -> float:
    """Threshold by the classic rule, given FAR on the grid with FAR[-1] >= target.

    A target equal to the largest FAR gives 0 when the last tread has several points: that is what
    the old interpolation did there, and it is kept so that old numbers are reproduced.
    """
    if target < far_T[0]:
        raise ProtocolError(
            f"FAR {target:g} cannot be interpolated: the smallest threshold {grid_T[0]:g} already "
            f"accepts a share of {far_T[0]:g} of the different pairs"
        )
    right = min(int(np.searchsorted(far_T, target, side="right")), len(far_T) - 1)
    low, high = far_T[right - 1], far_T[right]
    if low == high:
        return 0.0
    weight = 1.0 / (high - low)
    return float(
        grid_T[right - 1] * (weight * (high - target)) + grid_T[right] * (weight * (target - low))
    )


def expface(far_T: NDArray[np.float64], grid_T: NDArray[np.float64], target: float) -> float:
    """Threshold by ExpFace's rule, given FAR on the grid with FAR[-1] >= target."""
    far, first = np.unique(far_T, return_index=True)
    return float(np.interp(target, far, grid_T[first]))


_INTERPOLATED = {"classic": classic, "expface": expface}


def strict_threshold(different_sorted: Floats, target: float) -> float:
    """Largest threshold t with share(distance < t) <= target; infinite when everything may pass."""
    allowed = num_allowed(len(different_sorted), target)
    return float(different_sorted[allowed]) if allowed < len(different_sorted) else float("inf")


def num_allowed(num_different: int, target: float) -> int:
    """Largest count m with m / num_different <= target, as floating point divides."""
    allowed = int(target * num_different)
    while allowed < num_different and (allowed + 1) / num_different <= target:
        allowed += 1
    return allowed - (allowed / num_different > target)


def _strict(
    value_P: Floats,
    same_P: NDArray[np.bool_],
    fold_P: NDArray[np.int64],
    num_folds: int,
    target: float,
) -> Val:
    num_same_K = np.bincount(fold_P[same_P], minlength=num_folds)
    num_different_K = np.bincount(fold_P[~same_P], minlength=num_folds)
    num_train_K = num_different_K.sum() - num_different_K if num_folds > 1 else num_different_K
    _require_both(num_same_K, num_different_K, num_train_K)
    threshold_K = np.array(
        [
            strict_threshold(
                np.sort(value_P[~same_P & folds.chooses(fold_P, fold, num_folds)]), target
            )
            for fold in range(num_folds)
        ]
    )
    return _applied(f"val-strict{num_folds}", target, value_P, same_P, fold_P, threshold_K)


def _require_both(
    num_same_K: NDArray[np.int64],
    num_different_K: NDArray[np.int64],
    num_train_different_K: NDArray[np.int64],
) -> None:
    for fold, (same, different, train) in enumerate(
        zip(num_same_K, num_different_K, num_train_different_K, strict=True)
    ):
        if not (same and different and train):
            raise ProtocolError(
                f"VAL: fold {fold} holds {same} same and {different} different pairs, and {train} "
                "different pairs choose its threshold; a share of none is undefined. Use folds "
                "that mix both kinds (accuracy is defined here, VAL is not)."
            )


def _applied(
    protocol: str,
    target: float,
    value_P: Floats,
    same_P: NDArray[np.bool_],
    fold_P: NDArray[np.int64],
    threshold_K: NDArray[np.float64],
) -> Val:
    accepted_P = value_P < threshold_K[fold_P]

    def share(kind_P: NDArray[np.bool_]) -> NDArray[np.float64]:
        accepted_K = np.bincount(fold_P[kind_P & accepted_P], minlength=len(threshold_K))
        return accepted_K / np.bincount(fold_P[kind_P], minlength=len(threshold_K))

    return Val(
        protocol=protocol,
        target=target,
        val_per_fold=share(same_P),
        far_per_fold=share(~same_P),
        threshold_per_fold=threshold_K,
        num_impostors_above=int(np.count_nonzero(accepted_P & ~same_P)),
    )
