"""Methods over several benchmarks by their average ranks, and which of them cannot be told apart.

Demsar, Statistical Comparisons of Classifiers over Multiple Data Sets, Journal of Machine Learning
Research 7, 2006. With K methods on N benchmarks and R_k the average rank of method k (1 is best,
ties share):

    chi2 = 12 N / (K (K + 1)) (sum_k R_k^2 - K (K + 1)^2 / 4)         Friedman, corrected for ties
    F    = (N - 1) chi2 / (N (K - 1) - chi2)                          Iman and Davenport
    CD   = q sqrt(K (K + 1) / (6 N))                                  Nemenyi

q: quantile of the studentized range over sqrt(2). Average ranks that differ by more than CD differ.
Nemenyi's verdict on two methods depends on which others were ranked; Wilcoxon's signed-rank test of
the two alone, Holm-corrected, does not (Benavoli, Corani and Mangili, Should We Really Use Post-Hoc
Tests Based on Mean-Ranks?, JMLR 17, 2016). Both are given.

Benchmarks are the sample, with one number each (the mean over seeds): nothing is said of other
seeds, and benchmarks that share pictures or people count as more than they are.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from frlib.core.errors import ConfigError, ProtocolError
from frlib.stats.ranks import least_p, signed_ranks

Clique = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Critical:
    """names, ranks: best average rank first. n: benchmarks. p: of the F above, that all are alike.

    distance: CD. nemenyi, wilcoxon: the largest runs of neighbours by rank of which no two are
    shown to differ, of two or more. p_wilcoxon: of every two names, Holm-corrected.
    """

    names: tuple[str, ...]
    ranks: tuple[float, ...]
    n: int
    chi2: float
    p: float
    distance: float
    nemenyi: tuple[Clique, ...]
    wilcoxon: tuple[Clique, ...]
    p_wilcoxon: Mapping[frozenset[str], float]
    alpha: float

    @property
    def can_wilcoxon_tell(self) -> bool:
        """Whether so few benchmarks can show, after correction, that any two methods differ."""
        return least_p(self.n) * len(self.p_wilcoxon) < self.alpha


def critical(
    results: Mapping[str, ArrayLike], higher: bool = True, alpha: float = 0.05
) -> Critical:
    """results: method -> `[N]` one number a benchmark, the same benchmarks for all.

    `ProtocolError` with fewer than two methods or benchmarks, or a number that is missing: leave a
    benchmark out for all methods, or a method out for all benchmarks, openly, before.
    """
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha={alpha}: expected a share between 0 and 1, for example 0.05")
    rows = {name: np.asarray(row, dtype=np.float64) for name, row in results.items()}
    shapes = {name: row.shape for name, row in rows.items()}
    shape = next(iter(shapes.values()), ())
    if len(rows) < 2 or len(set(shapes.values())) > 1 or len(shape) != 1 or shape[0] < 2:
        raise ProtocolError(
            f"results have shapes {shapes}; expected two or more methods with the same two or more "
            "benchmarks each"
        )
    value_KN = np.stack(list(rows.values()))
    if not np.isfinite(value_KN).all():
        lacking = [name for name, row in rows.items() if not np.isfinite(row).all()]
        raise ProtocolError(f"no number on some benchmark: {', '.join(lacking)}; ranks need all")
    rank_KN = stats.rankdata(-value_KN if higher else value_KN, axis=0)
    mean_K = rank_KN.mean(axis=1)
    order = [int(k) for k in np.argsort(mean_K, kind="stable")]
    chi2, p = _friedman(rank_KN)
    distance = nemenyi_distance(len(rows), shape[0], alpha)
    named = list(rows)
    tests = signed_ranks([value_KN[k] for k in range(len(rows))])
    return Critical(
        names=tuple(named[k] for k in order),
        ranks=tuple(float(mean_K[k]) for k in order),
        n=shape[0],
        chi2=chi2,
        p=p,
        distance=distance,
        nemenyi=_cliques(order, named, lambda a, b: abs(mean_K[a] - mean_K[b]) <= distance),
        wilcoxon=_cliques(order, named, lambda a, b: not tests[(min(a, b), max(a, b))] < alpha),
        p_wilcoxon={frozenset((named[a], named[b])): p for (a, b), p in tests.items()},
        alpha=alpha,
    )


def nemenyi_distance(methods: int, benchmarks: int, alpha: float = 0.05) -> float:
    """CD: average ranks further apart differ, at a chance of `alpha` of any false verdict."""
    q = float(stats.studentized_range.ppf(1 - alpha, methods, math.inf)) / math.sqrt(2)
    return q * math.sqrt(methods * (methods + 1) / (6 * benchmarks))


def _friedman(rank_KN: NDArray[np.float64]) -> tuple[float, float]:
    """chi2 and the p-value of F; all ranks tied: 0 and 1."""
    methods, benchmarks = rank_KN.shape
    between = float(((rank_KN.sum(axis=1) - benchmarks * (methods + 1) / 2) ** 2).sum())
    squares = float((rank_KN**2).sum()) - benchmarks * methods * (methods + 1) ** 2 / 4
    if squares <= 0:
        return 0.0, 1.0
    chi2 = (methods - 1) * between / squares
    rest = benchmarks * (methods - 1) - chi2
    if rest <= 1e-9 * chi2:
        return chi2, math.factorial(methods) ** (1.0 - benchmarks)
    f = (benchmarks - 1) * chi2 / rest
    return chi2, float(special.fdtrc(methods - 1, (methods - 1) * (benchmarks - 1), f))


def _cliques(
    order: list[int], names: list[str], alike: Callable[[int, int], bool]
) -> tuple[Clique, ...]:
    """Runs of neighbours, as long as all in them are alike; none that lies in another."""
    found: list[tuple[int, int]] = []
    for first in range(len(order)):
        last = first
        while last + 1 < len(order) and all(
            alike(order[last + 1], order[k]) for k in range(first, last + 1)
        ):
            last += 1
        if last > first and not any(last <= end for _, end in found):
            found.append((first, last))
    return tuple(tuple(names[order[k]] for k in range(a, b + 1)) for a, b in found)
