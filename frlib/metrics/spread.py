"""How evenly a model serves the groups of a benchmark such as RFW (African, Asian, ...).

mean    of the groups' accuracies
std     their standard deviation; the papers disagree on its denominator, so both are given:
        `std` with n (ddof 0), `sample_std` with n - 1
skewed_error_ratio  largest error rate over the smallest (Wang and Deng, Mitigating Bias in Face
        Recognition using Skewness-Aware Reinforcement Learning, CVPR 2020): 1 is even
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import ProtocolError


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Accuracies 0..1 of named groups, all by one protocol, and how far they lie apart."""

    protocol: str
    accuracy: Mapping[str, float]

    @property
    def mean(self) -> float:
        """Unweighted mean over groups."""
        return float(np.mean(self._row))

    @property
    def std(self) -> float:
        """Population standard deviation over groups (ddof 0)."""
        return float(np.std(self._row))

    @property
    def sample_std(self) -> float:
        """Sample standard deviation over groups (ddof 1)."""
        return float(np.std(self._row, ddof=1))

    @property
    def skewed_error_ratio(self) -> float:
        """Largest error rate over the smallest; infinite if only that is 0, NaN if all are."""
        error = 1 - self._row
        if error.min() > 0:
            return float(error.max() / error.min())
        return float("inf") if error.max() > 0 else float("nan")

    @property
    def worst(self) -> str:
        """The group served worst, the first of several."""
        return min(self.accuracy, key=lambda name: self.accuracy[name])

    @property
    def _row(self) -> NDArray[np.float64]:
        return np.array(list(self.accuracy.values()), dtype=np.float64)


def spread(accuracy: Mapping[str, float], protocol: str) -> Spread:
    """`ProtocolError` for fewer than two groups, or accuracies that are no shares (percent?)."""
    if len(accuracy) < 2:
        raise ProtocolError(f"groups {list(accuracy)}: a spread needs two groups at least")
    wrong = {name: value for name, value in accuracy.items() if not 0 <= value <= 1}
    if wrong:
        raise ProtocolError(f"accuracies {wrong}: expected shares 0..1 (0.97, not 97 percent)")
    return Spread(protocol=protocol, accuracy=dict(accuracy))
