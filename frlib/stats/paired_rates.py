"""Gain of one run over another on the same trials, with an interval over people.

Both runs see the same draws of people (`frlib.stats.people`), so what is hard for both cancels.

* `share_gain`: verdicts, thresholds taken as given.
* `tar_gain`: each run's threshold is chosen anew in every draw from its own impostors, so the
  interval also holds what is uncertain about the two thresholds.

Percentile ends are stretched about the value by t(n - 1) / z sqrt(n / (n - 1)), n people: without
it they are too close under about 20 people (Hesterberg, What Teachers Should Know About the
Bootstrap, The American Statistician 69, 2015). Draws that all agree show no spread; then each end
is as far away as one person of another outcome could be, by the exact binomial bound of 0 in n.

Shapes: P trials, B draws.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from frlib.core.errors import ConfigError, ProtocolError
from frlib.stats.intervals import NAN, Interval, binomial_interval, require_level
from frlib.stats.people import People, difference_of, drawn_interval, drawn_means, pair_weights
from frlib.stats.roc import Curve, curve_of, tar

_ROUNDING = 1e-12


def share_gain(
    before_P: ArrayLike,
    after_P: ArrayLike,
    of: People,
    *,
    seed: int,
    resamples: int = 2_000,
    level: float = 0.95,
) -> Interval:
    """Share of trials right afterwards minus share right before; n is the number of people."""
    difference = difference_of(after_P, before_P, of)
    drawn = drawn_means(difference, of, seed, resamples)
    return _ends(float(difference.mean()), drawn, of.num, level)


def tar_gain(
    before_P: ArrayLike,
    after_P: ArrayLike,
    same_P: ArrayLike,
    of: People,
    target: float,
    *,
    seed: int,
    resamples: int = 2_000,
    level: float = 0.95,
) -> Interval:
    """TAR at FAR <= target of the scores afterwards minus that of the scores before.

    Minus infinite: a genuine trial that no threshold accepts. For a search the genuine trials are
    the probes with a mate and the impostors those without, which makes it a gain of TPIR at FPIR.
    """
    if not 0 <= target <= 1:
        raise ConfigError(f"false-accept rate {target}: expected a share between 0 and 1")
    same = np.asarray(same_P)
    curves = [curve_of(_finite(scores), same) for scores in (before_P, after_P)]
    values = [_rate(curve, np.ones(len(same), np.float32), target) for curve in curves]
    drawn = [
        _rate(curves[1], weight_P, target) - _rate(curves[0], weight_P, target)
        for weight_BP in pair_weights(of, seed, resamples)
        for weight_P in weight_BP
    ]
    return _ends(values[1] - values[0], np.array(drawn), of.num, level)


def gain_p(found: Interval, level: float = 0.95) -> float:
    """Two-sided p-value of "no gain", from the end of the interval that faces 0; n is of people.

    It is 1 - level where that end is 0. NaN without an interval, 1 without a gain.
    """
    require_level(level)
    if not math.isfinite(found.low) or found.n < 2:
        return NAN
    if abs(found.value) <= _ROUNDING:
        return 1.0
    reach = found.high - found.value if found.value < 0 else found.value - found.low
    if reach <= _ROUNDING:
        return 0.0
    quantile = float(special.stdtrit(found.n - 1, (1 + level) / 2))
    return float(2 * special.stdtr(found.n - 1, -quantile * abs(found.value) / reach))


def people_needed(found: Interval, least: float = 0.0, power: float = 0.8) -> int | None:
    """Roughly how many people would tell a gain like this from `least`, four times in five.

    An interval narrows with the root of the number of people. None where the gain is `least` or
    there is no interval: no number is enough, or none can be told.
    """
    distance, half = abs(found.value - least), found.half_width
    if not distance > _ROUNDING or not math.isfinite(half):
        return None
    z = float(special.ndtri(0.975))
    return math.ceil(found.n * (half / distance * (z + float(special.ndtri(power))) / z) ** 2)


def _finite(scores: ArrayLike) -> NDArray[np.float64]:
    """Minus infinite scores as one below all others."""
    values = np.array(scores, dtype=np.float64)
    lost = np.isneginf(values)
    if lost.all():
        raise ProtocolError(f"all {len(values)} scores are minus infinite: there is no threshold")
    values[lost] = values[~lost].min() - 1
    return values


def _rate(curve: Curve, weight_P: NDArray[np.float32], target: float) -> float:
    return tar(curve, weight_P[curve.order_P], target)


def _ends(value: float, drawn: NDArray[np.float64], num: int, level: float) -> Interval:
    require_level(level)
    found = drawn_interval(value, drawn, num, level)
    if not math.isfinite(found.low):
        return found
    if np.ptp(drawn[np.isfinite(drawn)]) <= _ROUNDING:
        reach = binomial_interval(0, num, level).high
        return Interval(value, max(-1.0, value - reach), min(1.0, value + reach), num)
    quantile = float(special.stdtrit(num - 1, (1 + level) / 2) / special.ndtri((1 + level) / 2))
    factor = quantile * math.sqrt(num / (num - 1))
    low, high = value + factor * (found.low - value), value + factor * (found.high - value)
    return Interval(value, max(-1.0, low), min(1.0, high), num)
