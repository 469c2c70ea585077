"""The smallest difference a design can see, and the replicates a difference needs.

Two-sided paired t test over n replicates whose differences have standard deviation `sd`:
t is noncentral with n - 1 degrees of freedom and noncentrality difference * sqrt(n) / sd. Its tail
is integrated over the quantiles of the estimated deviation (Gauss-Legendre, good to 1e-6): scipy's
own noncentral t gives NaN for some designs of two to five replicates, the ones that matter here.
"""

import math

import numpy as np
from scipy import special

from frlib.core.errors import ConfigError

_POINTS, _HALVES = np.polynomial.legendre.leggauss(400)
_NODES, _WEIGHTS = (_POINTS + 1) / 2, _HALVES / 2


def paired_power(difference: float, n: int, sd: float, alpha: float = 0.05) -> float:
    """Probability that the test finds a true mean `difference`; 0 for fewer than two replicates."""
    _require(sd, alpha)
    if n < 2:
        return 0.0
    if sd == 0:
        return 1.0 if difference else alpha
    critical = special.stdtrit(n - 1, 1 - alpha / 2)
    shift = abs(difference) * math.sqrt(n) / sd
    bound = critical * np.sqrt(2 * special.gammaincinv((n - 1) / 2, _NODES) / (n - 1))
    rejected = special.ndtr(shift - bound) + special.ndtr(-shift - bound)
    return float(_WEIGHTS @ rejected)


def smallest_difference(n: int, sd: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest true mean difference found with probability `power`, in the unit of `sd`.

    sd is that of the paired differences (not of one arm). Infinite with fewer than two replicates:
    such a design sees nothing.
    """
    _require(sd, alpha)
    if not alpha < power < 1:
        raise ConfigError(f"power={power}: expected a share above alpha={alpha} and below 1")
    if n < 2:
        return math.inf
    low, high = 0.0, sd
    while high and paired_power(high, n, sd, alpha) < power:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        if paired_power(middle, n, sd, alpha) < power:
            low = middle
        else:
            high = middle
    return high


def replicates_needed(
    difference: float, sd: float, alpha: float = 0.05, power: float = 0.8, most: int = 1_000
) -> int | None:
    """Fewest replicates that see `difference`; None when more than `most` would be needed."""
    _require(sd, alpha)
    return next(
        (n for n in range(2, most + 1) if paired_power(difference, n, sd, alpha) >= power), None
    )


def _require(sd: float, alpha: float) -> None:
    if not (math.isfinite(sd) and sd >= 0):
        raise ConfigError(f"sd={sd}: expected the deviation of the paired differences, at least 0")
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha={alpha}: expected a share between 0 and 1, for example 0.05")
