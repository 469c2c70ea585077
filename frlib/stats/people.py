"""Intervals for pair lists, where pairs that share a person are not independent.

Every pair touches one person (a genuine pair) or two (an impostor pair), so people, not pairs, are
the units that were sampled.

* Bootstrap: each person gets the weight 0 or 2 with equal chance; a genuine pair has the weight of
  its person, an impostor pair the product of both ("double or nothing" in Owen and Eckles,
  Bootstrapping data arrays of arbitrary order, Annals of Applied Statistics 6, 2012; for face pairs
  Fogliato, Patil and Perona, Confidence Intervals for Error Rates in 1:1 Matching Tasks, 2023,
  arXiv 2306.01198).
  Right for dense lists, too wide for sparse ones: where hardly any two impostor pairs share a
  person, their part of the variance comes out up to three times too large.
* `share_interval`: no draws. The variance counts products of residuals of all pairs that share a
  person (Fafchamps and Gubert, The formation of risk sharing networks, Journal of Development
  Economics 83, 2007) and gives the number of independent pairs that would be as uncertain; then
  Wilson's interval, as the study of face pairs recommends. Right for dense and for sparse lists.

Both speak of one trained model on people like these: seeds are not resampled.

Shapes: P pairs, B draws.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ConfigError, ProtocolError
from frlib.core.seeds import stream
from frlib.stats.intervals import NAN, Interval, require_level, wilson_interval
from frlib.stats.paired import PairedBootstrap, two_sided

CELLS = 4_000_000
"""Weights that are made at a time, draws times pairs."""


@dataclass(frozen=True, eq=False)
class People:
    """The people of each pair as numbers 0..n-1; left and right are equal in genuine pairs."""

    left_P: NDArray[np.int64]
    right_P: NDArray[np.int64]
    num: int

    @property
    def is_same(self) -> NDArray[np.bool_]:
        """`[P]` genuine pairs."""
        return np.equal(self.left_P, self.right_P)


def people(left_P: ArrayLike, right_P: ArrayLike) -> People:
    """From the names or ids of the person on each side of every pair."""
    left, right = np.asarray(left_P), np.asarray(right_P)
    if left.ndim != 1 or left.shape != right.shape or not len(left):
        raise ProtocolError(
            f"people of the pairs have shapes {left.shape} and {right.shape}; expected one person "
            "a side for every pair"
        )
    names, number = np.unique(np.concatenate((left, right)), return_inverse=True)
    return People(number[: len(left)], number[len(left) :], len(names))


def accuracy_interval(
    correct_P: ArrayLike,
    of: People,
    *,
    seed: int,
    resamples: int = 2_000,
    level: float = 0.95,
) -> Interval:
    """Bootstrap over people of the share of pairs judged right; n is the number of people.

    Thresholds are taken as given. The list's shares of genuine and impostor pairs are kept.
    """
    correct = _verdicts(correct_P, of)
    drawn = drawn_means(correct.astype(np.float64), of, seed, resamples)
    return drawn_interval(float(correct.mean()), drawn, of.num, level)


def difference_interval(
    correct_a_P: ArrayLike,
    correct_b_P: ArrayLike,
    of: People,
    *,
    seed: int,
    resamples: int = 2_000,
    level: float = 0.95,
) -> PairedBootstrap:
    """Accuracy of run a minus run b on the same pairs: both see the same draws of people."""
    difference = difference_of(correct_a_P, correct_b_P, of)
    drawn = drawn_means(difference, of, seed, resamples)
    interval = drawn_interval(float(difference.mean()), drawn, of.num, level)
    return PairedBootstrap(interval, two_sided(drawn))


def share_interval(
    event_P: ArrayLike, of: People, level: float = 0.95, *, group_P: ArrayLike | None = None
) -> Interval:
    """Wilson's interval of the share of pairs with an event, for pairs that share people.

    n is the number of pairs. Where all pairs agree nothing shows how far they depend on one
    another, and every person counts as one pair.

    group_P: the group of each pair; then of the mean of the K groups' shares, each group weighing
    the same. A pair of a group of n_k counts n / (K n_k) times, its residual is from the share of
    its group, and no more than K^2 / sum(1 / n_k) pairs count as independent.
    """
    require_level(level)
    event = _verdicts(event_P, of)
    n, num_groups = len(event), 1
    group = np.zeros(n, dtype=np.int64)
    if group_P is not None:
        found, group = np.unique(_one_each(group_P, n), return_inverse=True)
        num_groups = len(found)
    size_K = np.bincount(group)
    share_K = np.bincount(group, weights=event) / size_K
    share = float(share_K.mean())
    if of.num < 2:
        return Interval(share, NAN, NAN, n)
    if share in (0, 1):
        effective = num_groups**2 / float((1 / np.minimum(size_K, _people_of(group, of))).sum())
    else:
        residual = (event - share_K[group]) * (n / (num_groups * size_K))[group]
        most = num_groups**2 / float((1 / size_K).sum())
        variance = _variance(residual, of)
        effective = min(most, share * (1 - share) / variance) if variance else most
    return wilson_interval(share, effective, n, level)


def _people_of(group_P: NDArray[np.int64], of: People) -> NDArray[np.int64]:
    """`[K]` how many people the pairs of each group touch."""
    sides = np.concatenate((of.left_P, of.right_P))
    touched = np.unique(np.stack((np.tile(group_P, 2), sides)), axis=1)
    return np.bincount(touched[0])


def _one_each(group_P: ArrayLike, n: int) -> NDArray[Any]:
    groups = np.asarray(group_P)
    if groups.shape != (n,):
        raise ProtocolError(f"groups have shape {groups.shape}; expected one for each of {n} pairs")
    return groups


def _variance(residual_P: NDArray[np.float64], of: People) -> float:
    """Of the mean: products of residuals of all pairs that have a person in common, each once."""
    crossing = ~of.is_same
    per_person = np.bincount(of.left_P, weights=residual_P, minlength=of.num)
    per_person += np.bincount(of.right_P[crossing], weights=residual_P[crossing], minlength=of.num)
    low, high = np.minimum(of.left_P, of.right_P), np.maximum(of.left_P, of.right_P)
    _, both = np.unique(low[crossing] * of.num + high[crossing], return_inverse=True)
    twice = np.bincount(both, weights=residual_P[crossing])
    n = len(residual_P)
    found = float(per_person @ per_person - twice @ twice) / n**2
    return max(found, float(residual_P @ residual_P) / n**2)


def difference_of(a_P: ArrayLike, b_P: ArrayLike, of: People) -> NDArray[np.float64]:
    """`[P]` 1 where a alone is right, -1 where b alone is; `ProtocolError` unless verdicts."""
    difference: NDArray[np.float64] = _verdicts(a_P, of).astype(np.float64) - _verdicts(b_P, of)
    return difference


def drawn_means(value_P: NDArray[np.float64], of: People, seed: int, resamples: int) -> Any:
    """`[B]` mean of every draw: the kinds' weighted means, by the list's shares of the kinds."""
    same = of.is_same
    kinds = [np.flatnonzero(kind) for kind in (same, ~same) if kind.any()]
    drawn = []
    for weights in pair_weights(of, seed, resamples):
        total = np.zeros(len(weights))
        for kind in kinds:
            weight = weights[:, kind]
            with np.errstate(invalid="ignore"):
                mean = (weight @ value_P[kind]) / weight.sum(axis=1, dtype=np.float64)
            total += len(kind) / len(value_P) * mean
        drawn.append(total)
    return np.concatenate(drawn)


def pair_weights(of: People, seed: int, resamples: int) -> Iterator[NDArray[np.float32]]:
    """Weights of all pairs, some of the `resamples` draws `[b, P]` at a time."""
    if resamples < 1:
        raise ConfigError(f"resamples={resamples}: expected at least 1")
    draws = stream(seed, "bootstrap")
    same = of.is_same
    block = max(1, CELLS // max(len(same), of.num))
    for start in range(0, resamples, block):
        size = (min(block, resamples - start), of.num)
        person = 2 * draws.integers(0, 2, size=size, dtype=np.int8).astype(np.float32)
        yield person[:, of.left_P] * np.where(same, 1, person[:, of.right_P])


def drawn_interval(value: float, drawn: NDArray[np.float64], num: int, level: float) -> Interval:
    """Percentile ends; none when a kind of pair was missing from more than half of the draws."""
    require_level(level)
    known = drawn[np.isfinite(drawn)]
    if num < 2 or 2 * len(known) < len(drawn):
        return Interval(value, NAN, NAN, num)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), num)


def _verdicts(values: ArrayLike, of: People) -> NDArray[np.bool_]:
    found = np.asarray(values)
    if found.shape != of.left_P.shape or found.dtype != bool:
        raise ProtocolError(
            f"verdicts have shape {found.shape} and type {found.dtype}; expected one bool for each "
            f"of {len(of.left_P)} pairs"
        )
    return found
