"""Intervals of what is read off a ROC curve: TAR at a FAR, the area, the equal-error rate.

* People known: they are drawn (`frlib.stats.people`), and the curve is made anew in every draw.
* People not known, pairs taken as independent: the area by DeLong's variance, the equal-error rate
  by a bootstrap of pairs within each kind.
* Scores that keep the kinds wholly apart show no spread to draw from. If area (or 1 - EER) were
  theta, k independent couples of a genuine and an impostor pair would all be in order with a
  probability of at most theta^k (of 2 theta^k for EER, where at its threshold either all k genuine
  scores or all k impostor scores are on their right side). `apart_interval` inverts the larger.

DeLong, DeLong and Clarke-Pearson, Comparing the areas under two or more correlated receiver
operating characteristic curves, Biometrics 44, 1988, from sorted scores in O(P log P) (Sun and Xu,
Fast implementation of DeLong's algorithm, IEEE Signal Processing Letters 21, 2014):

    win_g = share of impostors below g, ties count half; area = mean of win_g
    var   = var(win_g) / G + var(win_i) / I              win_i: share of genuine ones above i

Ends are area -+ z sd on the logit scale, where they cannot leave 0..1.

Larger score = more alike. A draw costs time in proportion to the pairs: meant for lists of up to
about a hundred thousand. Shapes: P pairs, G genuine, I impostors, B draws.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from frlib.core.errors import ConfigError, ProtocolError
from frlib.core.seeds import stream
from frlib.stats.intervals import NAN, Interval, binomial_interval, require_level
from frlib.stats.people import CELLS, People, drawn_interval, pair_weights
from frlib.stats.roc import Curve, Weights, areas, curve_of, equal_errors, tar

Statistic = Callable[[Curve, Weights], NDArray[np.float64]]


def tar_interval(
    score_P: ArrayLike,
    of: People,
    target: float,
    *,
    seed: int,
    resamples: int = 2_000,
    level: float = 0.95,
) -> Interval:
    """Bootstrap over people of TAR at FAR <= target; the threshold is chosen anew in every draw.

    Accepted are scores strictly above the threshold. None where all scores are equal.
    """
    if not 0 <= target <= 1:
        raise ConfigError(f"false-accept rate {target}: expected a share between 0 and 1")

    def tars(curve: Curve, weight_BP: Weights) -> NDArray[np.float64]:
        return np.array([tar(curve, weight_P, target) for weight_P in weight_BP])

    return _over_people(tars, score_P, of, seed, resamples, level)


def auc_interval(
    score_P: ArrayLike, of: People, *, seed: int, resamples: int = 2_000, level: float = 0.95
) -> Interval:
    """Bootstrap over people of the area; none where all scores are equal."""
    return _over_people(areas, score_P, of, seed, resamples, level)


def eer_interval(
    score_P: ArrayLike, of: People, *, seed: int, resamples: int = 2_000, level: float = 0.95
) -> Interval:
    """Bootstrap over people of the equal-error rate; none where all scores are equal."""
    return _over_people(equal_errors, score_P, of, seed, resamples, level)


def delong_interval(score_P: ArrayLike, same_P: ArrayLike, level: float = 0.95) -> Interval:
    """The area with DeLong's variance, on the logit scale.

    None for a kind with one pair, and where every pair of a kind wins equally often: that shows no
    spread (`apart_interval` speaks of kinds that are wholly apart).
    """
    require_level(level)
    curve = curve_of(score_P, same_P)
    num_genuine, num_impostors = curve.num_genuine, len(curve.impostors)
    above_I = np.searchsorted(-curve.genuine, -curve.impostors, side="left")
    not_below_I = np.searchsorted(-curve.genuine, -curve.impostors, side="right")
    wins = (
        1 - (curve.above_G + curve.not_below_G) / (2 * num_impostors),
        (above_I + not_below_I) / (2 * num_genuine),
    )
    area, num = float(wins[0].mean()), len(curve.order_P)
    if min(num_genuine, num_impostors) < 2 or not any(np.ptp(win) for win in wins):
        return Interval(area, NAN, NAN, num)
    spread = sum(float(win.var(ddof=1)) / len(win) for win in wins) ** 0.5
    half = float(special.ndtri((1 + level) / 2)) * spread / (area * (1 - area))
    low, high = special.expit(special.logit(area) + np.array([-half, half]))
    return Interval(area, float(low), float(high), num)


def eer_interval_of_pairs(
    score_P: ArrayLike,
    same_P: ArrayLike,
    *,
    seed: int,
    resamples: int = 2_000,
    level: float = 0.95,
) -> Interval:
    """Bootstrap of the equal-error rate over genuine and over impostor pairs, their numbers kept.

    None where all scores are equal.
    """
    curve = curve_of(score_P, same_P)
    kinds = curve.num_genuine, len(curve.impostors)
    return _drawn(equal_errors, curve, _counts(kinds, seed, resamples), len(curve.order_P), level)


def are_apart(score_P: ArrayLike, same_P: ArrayLike) -> bool:
    """Whether all genuine scores are above all impostor scores, or all below."""
    return curve_of(score_P, same_P).is_apart


def apart_interval(
    value: float, same_P: ArrayLike, of: People | None, level: float = 0.95
) -> Interval:
    """Exact interval of an area or equal-error rate of 0 or 1, of kinds that are apart.

    n: the couples that count as independent, min(G, I) pairs; where people are known at most the
    people of genuine pairs, and half of those of impostor pairs. Without a couple there is none.
    """
    require_level(level)
    if value not in (0, 1):
        raise ProtocolError(f"value {value}: kinds that are apart have 0 or 1")
    same = np.asarray(same_P)
    couples = min(int(same.sum()), int((~same).sum()))
    if of is not None:
        genuine = len(np.unique(of.left_P[same]))
        impostors = len(np.unique(np.concatenate((of.left_P[~same], of.right_P[~same]))))
        couples = min(couples, genuine, impostors // 2)
    return binomial_interval(int(value) * couples, couples, (1 + level) / 2)


def _over_people(
    statistic: Statistic, score_P: ArrayLike, of: People, seed: int, resamples: int, level: float
) -> Interval:
    curve = curve_of(score_P, of.is_same)
    ordered = People(of.left_P[curve.order_P], of.right_P[curve.order_P], of.num)
    return _drawn(statistic, curve, pair_weights(ordered, seed, resamples), of.num, level)


def _drawn(
    statistic: Statistic, curve: Curve, weights: Iterable[Weights], num: int, level: float
) -> Interval:
    require_level(level)
    value = float(statistic(curve, np.ones((1, len(curve.order_P)), dtype=np.float32))[0])
    if curve.is_flat:
        return Interval(value, NAN, NAN, num)
    drawn = np.concatenate([statistic(curve, weight_BP) for weight_BP in weights])
    return drawn_interval(value, drawn, num, level)


def _counts(kinds: tuple[int, int], seed: int, resamples: int) -> Iterator[Weights]:
    """How often every pair is drawn, within its kind, some draws `[b, P]` at a time."""
    if resamples < 1:
        raise ConfigError(f"resamples={resamples}: expected at least 1")
    draws = stream(seed, "bootstrap")
    block = max(1, CELLS // sum(kinds))
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        parts = []
        for num in kinds:
            chosen = draws.integers(num, size=(size, num)) + num * np.arange(size)[:, None]
            parts.append(np.bincount(chosen.ravel(), minlength=size * num).reshape(size, num))
        yield np.concatenate(parts, axis=1).astype(np.float32)
