"""Intervals for a mean of replicates, a share of pairs, and any statistic of resampled rows.

Every function returns an `Interval`; an interval that the data cannot support has NaN ends, never a
guess. Levels are shares (0.95).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from frlib.core.errors import ConfigError, ProtocolError
from frlib.core.seeds import stream

NAN = float("nan")


@dataclass(frozen=True)
class Interval:
    """`value` with its interval `low`..`high`, from `n` observations (or clusters of them)."""

    value: float
    low: float
    high: float
    n: int

    @property
    def half_width(self) -> float:
        """Half of high - low; NaN when there is no interval."""
        return (self.high - self.low) / 2


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean of independent replicates +- Student t times the standard error (ddof 1).

    One value has no interval; a value that is not finite makes everything NaN (drop failed
    replicates openly, before, where they can be counted).
    """
    require_level(level)
    found = _row(values)
    n = len(found)
    if n == 0 or not np.isfinite(found).all():
        return Interval(NAN, NAN, NAN, n)
    mean = float(np.mean(found))
    if n == 1:
        return Interval(mean, NAN, NAN, n)
    quantile = float(special.stdtrit(n - 1, (1 + level) / 2))
    half = quantile * float(np.std(found, ddof=1)) / n**0.5 if np.ptp(found) else 0.0
    return Interval(mean, mean - half, mean + half, n)


def binomial_interval(successes: int, n: int, level: float = 0.95) -> Interval:
    """Clopper-Pearson interval of a share: exact, so it covers at least `level`."""
    require_level(level)
    if not 0 <= successes <= n:
        raise ProtocolError(f"{successes} successes of {n}: expected 0 <= successes <= n")
    if n == 0:
        return Interval(NAN, NAN, NAN, 0)
    tail = (1 - level) / 2
    low = special.betaincinv(successes, n - successes + 1, tail) if successes else 0.0
    high = special.betaincinv(successes + 1, n - successes, 1 - tail) if successes < n else 1.0
    return Interval(successes / n, float(low), float(high), n)


def wilson_interval(share: float, effective: float, n: int, level: float = 0.95) -> Interval:
    """Wilson's interval of a share that is as uncertain as one of `effective` independent trials.

    n: the trials that there are (Wilson, Probable inference, the law of succession, and statistical
    inference, Journal of the American Statistical Association 22, 1927).
    """
    require_level(level)
    z2 = float(special.ndtri((1 + level) / 2)) ** 2
    centre = (share + z2 / (2 * effective)) / (1 + z2 / effective)
    half = (z2 * (share * (1 - share) + z2 / (4 * effective)) / effective) ** 0.5
    half /= 1 + z2 / effective
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half), n)


def bootstrap_interval(
    values: ArrayLike,
    *,
    seed: int,
    statistic: Callable[[NDArray[np.float64]], float] | None = None,
    clusters: ArrayLike | None = None,
    resamples: int = 2_000,
    level: float = 0.95,
) -> Interval:
    """Percentile bootstrap over rows, or over whole clusters of rows.

    values: `[N]` or `[N, ...]`, resampled along the first axis with the named stream "bootstrap" of
    `seed`, so the same call gives the same ends. statistic: rows -> number; the mean of all
    entries if left out (then computed from cluster sums, without a loop). clusters: `[N]` ids, for
    example the person on both sides of a pair: people are drawn, and their rows come along. Fewer
    than two clusters have no interval. Percentile ends are narrow for few clusters (under
    about 20): use `mean_interval` there.
    """
    require_level(level)
    found = np.asarray(values, dtype=np.float64)
    if found.ndim == 0:
        raise ProtocolError("bootstrap of a single number: expected rows to draw from")
    if resamples < 1:
        raise ConfigError(f"resamples={resamples}: expected at least 1")
    if not len(found):
        return Interval(NAN, NAN, NAN, 0)
    member, count = members(clusters, len(found))
    value = float(np.mean(found)) if statistic is None else float(statistic(found))
    if count < 2 or not np.isfinite(value):
        return Interval(value, NAN, NAN, count)
    draws = stream(seed, "bootstrap")
    if statistic is None:
        row_mean = found.reshape(len(found), -1).mean(axis=1)
        drawn = resampled_means(row_mean, member, count, resamples, draws)
    else:
        order = np.argsort(member, kind="stable")
        rows = np.split(order, np.searchsorted(member[order], np.arange(1, count)))
        drawn = np.empty(resamples)
        for i in range(resamples):
            chosen = draws.integers(count, size=count)
            drawn[i] = statistic(found[np.concatenate([rows[c] for c in chosen])])
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), count)


def resampled_means(
    value_N: NDArray[np.float64],
    member: NDArray[np.intp],
    count: int,
    resamples: int,
    draws: np.random.Generator,
) -> NDArray[np.float64]:
    """`[resamples]` means over `count` clusters drawn with replacement, rows coming along."""
    total = np.bincount(member, weights=value_N, minlength=count)
    size = np.bincount(member, minlength=count)
    drawn = np.empty(resamples)
    block = max(1, 4_000_000 // count)
    for start in range(0, resamples, block):
        chosen = draws.integers(count, size=(min(block, resamples - start), count))
        drawn[start : start + len(chosen)] = total[chosen].sum(1) / size[chosen].sum(1)
    return drawn


def members(clusters: ArrayLike | None, n: int) -> tuple[NDArray[np.intp], int]:
    """Cluster 0..count-1 of every row, and their count; every row its own if left out."""
    if clusters is None:
        return np.arange(n), n
    ids = np.asarray(clusters)
    if ids.shape != (n,):
        raise ProtocolError(f"cluster ids have shape {ids.shape}; expected one a row, {n} in all")
    names, member = np.unique(ids, return_inverse=True)
    return member, len(names)


def _row(values: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise ProtocolError(f"replicates have shape {found.shape}; expected one number for each")
    return found


def require_level(level: float) -> None:
    """`ConfigError` unless the level of an interval is a share."""
    if not 0 < level < 1:
        raise ConfigError(f"level={level}: expected a share between 0 and 1, for example 0.95")
