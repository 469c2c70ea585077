"""Wilcoxon's signed-rank test of replicates or benchmarks that are paired.

Ranks of |a - b| with the sign of the difference; differences of 0 are ranked and then left out
(Pratt, Remarks on Zeros and Ties in the Wilcoxon Signed Rank Procedures, Journal of the American
Statistical Association 54, 1959). Exact up to 50 differences, by all signs up to 13 where some are
0 or equal, and normal beyond (`scipy.stats.wilcoxon`).

No sample of n differences can have a p-value below 2^(1 - n): three seeds never show anything at
0.05, and five never do. `frlib.stats.paired.paired_t`, which takes differences as normal, can.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from frlib.core.errors import ProtocolError
from frlib.stats.paired import NAN, PairedTest, holm

_ROUNDING = 1e-12
Pair = tuple[int, int]


def signed_rank(a: ArrayLike, b: ArrayLike) -> PairedTest:
    """Two-sided test of differences that are symmetric about 0; what is not finite is left out.

    p is NaN with fewer than two complete pairs, and 1 where nothing differs.
    """
    left, right = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if left.ndim != 1 or left.shape != right.shape:
        raise ProtocolError(
            f"rows have shapes {left.shape} and {right.shape}; expected the same replicates in the "
            "same order (NaN where one is missing)"
        )
    is_complete = np.isfinite(left) & np.isfinite(right)
    left, right = left[is_complete], right[is_complete]
    if not len(left):
        return PairedTest(NAN, NAN, 0)
    difference = left - right
    rounding = _ROUNDING * max(np.abs(left).max(), np.abs(right).max())
    difference[np.abs(difference) <= rounding] = 0.0
    mean = float(difference.mean())
    if len(difference) < 2:
        return PairedTest(mean, NAN, len(difference))
    if not difference.any():
        return PairedTest(mean, 1.0, len(difference))
    found = stats.wilcoxon(difference, zero_method="pratt", correction=True)
    return PairedTest(mean, float(found.pvalue), len(difference))


def least_p(n: int) -> float:
    """The smallest two-sided p-value that n differences can have."""
    return min(1.0, 2.0 ** (1 - n))


def signed_ranks(rows: Sequence[ArrayLike]) -> dict[Pair, float]:
    """Every two rows by number: p-value after Holm's correction over all of them."""
    pairs = list(combinations(range(len(rows)), 2))
    adjusted = holm([signed_rank(rows[a], rows[b]).p for a, b in pairs])
    return {pair: float(p) for pair, p in zip(pairs, adjusted, strict=True)}
