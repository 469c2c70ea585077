"""Whether probabilities mean what they say: of the samples given 0.8, do 80 % turn out so?

    Brier = 1/N sum_i (p_i - y_i)^2                  y_i 1 where it is so, else 0
    ECE   = sum_b n_b / N |mean p in b - mean y in b|

over bins [b/B, (b+1)/B) of equal width, the last one closed.

Sources: Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review
1950 (half of its two-class form); Pakdaman Naeini, Cooper and Hauskrecht, Obtaining well calibrated
probabilities using Bayesian binning, AAAI 2015. Shapes: N samples, B bins.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import DataError

NUM_BINS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """brier: 0..1, 0 is best; NaN without samples. size: `[B]` samples. mean: `[B]` their mean
    probability; share: `[B]` share of them that is so; both NaN in an empty bin."""

    brier: float
    size: NDArray[np.int64]
    mean: NDArray[np.float64]
    share: NDArray[np.float64]

    @property
    def ece(self) -> float:
        """Expected calibration error, 0..1; NaN without samples."""
        filled = self.size > 0
        if not filled.any():
            return float("nan")
        gap = np.abs(self.mean - self.share)[filled]
        return float(np.average(gap, weights=self.size[filled]))

    def reliability(self) -> list[dict[str, float]]:
        """The bins that have samples: `low`, `high`, `samples`, `mean`, `share`."""
        count = len(self.size)
        return [
            {
                "low": b / count,
                "high": (b + 1) / count,
                "samples": int(self.size[b]),
                "mean": float(self.mean[b]),
                "share": float(self.share[b]),
            }
            for b in np.flatnonzero(self.size).tolist()
        ]


def calibration(prob_N: ArrayLike, is_so_N: ArrayLike, num_bins: int = NUM_BINS) -> Calibration:
    """`DataError` for columns that differ in length or probabilities outside 0..1."""
    prob, is_so = np.asarray(prob_N, dtype=np.float64), np.asarray(is_so_N, dtype=np.bool_)
    if prob.ndim != 1 or prob.shape != is_so.shape:
        raise DataError(
            f"probabilities of shape {prob.shape}, truth of shape {is_so.shape}: expected one "
            "entry a sample in both"
        )
    wild = ~((prob >= 0) & (prob <= 1))
    if wild.any():
        raise DataError(
            f"probability {prob[wild.argmax()]:g} of sample {int(wild.argmax())} "
            f"({int(wild.sum())} such); expected 0 to 1. Map scores of another scale to 0..1 first"
        )
    bins = np.minimum((prob * num_bins).astype(np.int64), num_bins - 1)
    size = np.bincount(bins, minlength=num_bins)
    divisor = np.where(size, size, np.nan)
    return Calibration(
        brier=float(np.mean((prob - is_so) ** 2)) if len(prob) else float("nan"),
        size=size,
        mean=np.bincount(bins, weights=prob, minlength=num_bins) / divisor,
        share=np.bincount(bins, weights=is_so, minlength=num_bins) / divisor,
    )
