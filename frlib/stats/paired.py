"""Paired tests, correction for several of them, and who may be called best.

Arms of a study share noise draws and data order, so replicate i of one arm is compared with
replicate i of another. Two models on the same pairs are compared pair by pair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from frlib.core.errors import ConfigError, ProtocolError
from frlib.core.seeds import stream
from frlib.stats.intervals import Interval, bootstrap_interval, members, resampled_means

NAN = float("nan")
_ROUNDING = 1e-12


@dataclass(frozen=True)
class PairedTest:
    """Mean difference a - b, its two-sided p-value, and the number of complete replicates."""

    difference: float
    p: float
    n: int


def paired_t(a: ArrayLike, b: ArrayLike) -> PairedTest:
    """Two-sided paired t test over replicates; only replicates finite in both count towards `n`.

    p is NaN, which supports no claim, with fewer than two complete replicates, and when all
    differences are the same number other than 0: accuracies come in steps of one pair, so a spread
    of exactly 0 says that it could not be estimated, not that it is 0. All differences 0: p = 1.
    """
    left, right = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if left.ndim != 1 or left.shape != right.shape:
        raise ProtocolError(
            f"replicates have shapes {left.shape} and {right.shape}; expected the same replicates "
            "in the same order (NaN where one is missing)"
        )
    complete = np.isfinite(left) & np.isfinite(right)
    left, right = left[complete], right[complete]
    n = len(left)
    if n == 0:
        return PairedTest(NAN, NAN, 0)
    differences = left - right
    mean = float(np.mean(differences))
    if n < 2:
        return PairedTest(mean, NAN, n)
    rounding = _ROUNDING * float(max(np.abs(left).max(), np.abs(right).max()))
    if np.ptp(differences) <= rounding:
        return PairedTest(mean, 1.0 if abs(mean) <= rounding else NAN, n)
    t = mean / (float(np.std(differences, ddof=1)) / n**0.5)
    return PairedTest(mean, float(2 * special.stdtr(n - 1, -abs(t))), n)


@dataclass(frozen=True)
class McNemar:
    """Pairs only a got right, pairs only b got right, and two-sided p-values.

    p: exact, never too small, often too large. mid_p: counts the observed split half; its level is
    close to the stated one and hardly ever above it (Fagerland, Lydersen and Laake, The McNemar
    test for binary matched-pairs data, BMC Medical Research Methodology 13, 2013).
    """

    only_a: int
    only_b: int
    p: float
    mid_p: float


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> McNemar:
    """McNemar's test over the same test pairs: binomial with share 1/2 on the discordant ones.

    It speaks of two trained models on this list of pairs, not of methods: seeds are not resampled,
    and pairs that share a person count as independent (see `frlib.stats.people` where they matter).
    No discordant pair: p = 1.
    """
    a, b = np.asarray(correct_a), np.asarray(correct_b)
    if a.ndim != 1 or a.shape != b.shape or a.dtype != bool or b.dtype != bool:
        raise ProtocolError(
            f"verdicts have shapes {a.shape} and {b.shape}, types {a.dtype} and {b.dtype}; "
            "expected two rows of bool over the same pairs"
        )
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    fewer, discordant = min(only_a, only_b), only_a + only_b
    tail = 2 * float(special.bdtr(fewer, discordant, 0.5))
    below = 2 * float(special.bdtr(fewer - 1, discordant, 0.5)) if fewer else 0.0
    return McNemar(only_a, only_b, min(1.0, tail), min(1.0, (tail + below) / 2))


@dataclass(frozen=True)
class PairedBootstrap:
    """Mean difference a - b with its interval, and a two-sided p-value of "no difference"."""

    difference: Interval
    p: float


def paired_bootstrap(
    a: ArrayLike,
    b: ArrayLike,
    *,
    seed: int,
    clusters: ArrayLike | None = None,
    resamples: int = 2_000,
    level: float = 0.95,
) -> PairedBootstrap:
    """Difference between two runs on the same rows, by bootstrap of rows or whole clusters.

    a, b: `[N]` values or verdicts, row by row of the same pairs (or folds, or probes). clusters:
    `[N]` the fold or the person of each row; both runs see the same draws. Where each pair touches
    two people use `frlib.stats.people.difference_interval`. Under about 20 clusters (ten folds) the
    ends lie too close: `paired_t` over the folds' means is right there.
    """
    left, right = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if left.ndim != 1 or left.shape != right.shape or not np.isfinite(left - right).all():
        raise ProtocolError(
            f"rows have shapes {left.shape} and {right.shape}; expected finite numbers of the same "
            "rows in the same order"
        )
    difference = left - right
    interval = bootstrap_interval(
        difference, seed=seed, clusters=clusters, resamples=resamples, level=level
    )
    if not np.isfinite(interval.low):
        return PairedBootstrap(interval, NAN)
    member, count = members(clusters, len(difference))
    draws = stream(seed, "bootstrap")
    return PairedBootstrap(
        interval, two_sided(resampled_means(difference, member, count, resamples, draws))
    )


def two_sided(drawn: ArrayLike) -> float:
    """p-value of a difference from its bootstrap draws: twice the smaller share beyond 0.

    Counts the sample itself as a draw, so that p is never 0. NaN draws are left out.
    """
    values = np.asarray(drawn, dtype=np.float64)
    known = values[np.isfinite(values)]
    beyond = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return min(1.0, 2 * (1 + beyond) / (1 + len(known)))


def holm(pvalues: ArrayLike) -> NDArray[np.float64]:
    """Holm's step-down adjusted p-values, in the given order.

    A NaN (a test that could not be made) stays NaN and still counts as one of the comparisons.
    """
    p = np.asarray(pvalues, dtype=np.float64)
    if p.ndim != 1 or np.any((p < 0) | (p > 1)):
        raise ProtocolError(f"p-values {p.tolist()}: expected one row of numbers between 0 and 1")
    order = np.argsort(p, kind="stable")
    factor = np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(factor * p[order]), 1)
    return adjusted


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Who leads, and whether that may be said.

    order: names with any finite replicate, best mean first. best: the entry that may be marked, or
    None. tied: the leader and everything not shown to differ from it (the leader alone when it is
    marked). adjusted_p: Holm-adjusted p-value of leader against each other entry. missing: names
    without a finite replicate. reason: why nothing is marked, in words; empty when something is.
    """

    order: tuple[str, ...]
    best: str | None
    tied: frozenset[str]
    adjusted_p: dict[str, float]
    missing: frozenset[str]
    reason: str


def best_of(samples: Mapping[str, ArrayLike], higher: bool = True, alpha: float = 0.05) -> Ranking:
    """Rank entries by mean over replicates; mark the first only if it beats every other one.

    samples: name -> `[n]` replicates, the same replicates in the same order for all, NaN where one
    is missing or failed. The leader is marked when two-sided paired t tests over replicates against
    *every* other entry are significant at `alpha` after Holm's correction, and none of its own
    replicates is missing. Otherwise it ties with the entries it was not shown to differ from.
    Comparisons that cannot be made (fewer than two complete replicates, differences without spread)
    are not significant.
    """
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha={alpha}: expected a share between 0 and 1, for example 0.05")
    rows = {name: np.asarray(row, dtype=np.float64) for name, row in samples.items()}
    lengths = {name: row.shape for name, row in rows.items()}
    if len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
        raise ProtocolError(
            f"replicates per entry: {lengths}; expected the same replicates in the same order "
            "for all (NaN where one is missing)"
        )
    sign = 1 if higher else -1
    means = {
        name: sign * float(np.mean(row[np.isfinite(row)]))
        for name, row in rows.items()
        if np.isfinite(row).any()
    }
    order = tuple(sorted(means, key=lambda name: -means[name]))
    missing = frozenset(rows) - frozenset(order)
    if not order:
        return Ranking(
            order=(),
            best=None,
            tied=frozenset(),
            adjusted_p={},
            missing=missing,
            reason="no entry has a finite replicate",
        )
    leader, others = order[0], order[1:]
    adjusted = holm([paired_t(rows[leader], rows[name]).p for name in others])
    adjusted_p = {name: float(p) for name, p in zip(others, adjusted, strict=True)}
    tied = frozenset({leader, *(name for name in others if not adjusted_p[name] < alpha)})
    reason = _why_unmarked(leader, others, rows[leader], tied)
    return Ranking(
        order=order,
        best=None if reason else leader,
        tied=tied,
        adjusted_p=adjusted_p,
        missing=missing,
        reason=reason,
    )


def _why_unmarked(
    leader: str, others: Sequence[str], replicates: NDArray[np.float64], tied: frozenset[str]
) -> str:
    num_finite = int(np.isfinite(replicates).sum())
    if not others:
        return f"{leader} is the only entry: there is nothing to be better than"
    if num_finite < len(replicates):
        return f"{leader} has only {num_finite} of {len(replicates)} replicates"
    if num_finite < 2:
        return "one replicate shows no spread: nothing can be marked"
    if len(tied) > 1:
        rivals = ", ".join(name for name in others if name in tied)
        return f"{leader} is not shown to differ from {rivals}"
    return ""
