"""TAR at target FARs over millions of scores, in the published rule and in a strict one.

    nearest      TPR of the ROC point whose FPR is nearest to the target, of two equally near ones
                 the later (larger TPR). The curve is thinned as scikit-learn's `roc_curve` thins
                 it: a point stays if the second difference of either count is not 0, and the ends
                 stay. The realised FAR may exceed the target. For comparison with publications
    nearest_unthinned  the same on all points of the curve, to see what the thinning does
    far_at_most  the largest TPR with FPR <= target. For new work

Source: insightface, recognition/_evaluation_/ijb/ijb_11.py; ExpFace and MixBCT print the same rule.
With few impostors the rules differ by what a few of them weigh; a number that rests on fewer than
ten is marked (`is_supported`).

Only the scores that can decide are sorted: those above a floor, guessed from a sample and verified,
that holds the impostors up to the largest target. Around each target a window of the curve is
built, as wide as it takes to know the points that stay on either side. The outcome is that of the
full curve.

Scores: larger = more alike. Shapes: P pairs.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ConfigError, ProtocolError
from frlib.metrics import folds, listed
from frlib.metrics.embeddings import Floats
from frlib.metrics.templates import Templates
from frlib.metrics.val import num_allowed, require_far
from frlib.metrics.verification import finite_values

Rule = Literal["nearest", "nearest_unthinned", "far_at_most"]
TARGETS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
ENOUGH = 10
"""Impostors at an operating point below which its rates say little."""
_SAMPLE = 2**15
_SPARE = 4096
_WINDOW = 64


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """TAR where FAR meets `target` by `rule`.

    far: realised. threshold: accepted are scores > it for `far_at_most` (minus infinite when
    everything is) and >= it for the other rules (infinite when nothing is). num_impostors_above:
    impostors accepted.
    """

    rule: Rule
    target: float
    tar: float
    far: float
    threshold: float
    num_genuine: int
    num_impostors: int
    num_impostors_above: int

    @property
    def is_supported(self) -> bool:
        """At least `ENOUGH` impostors are accepted here."""
        return self.num_impostors_above >= ENOUGH


@dataclass(frozen=True, kw_only=True)
class OneToOne:
    """`protocol` is `ijb11-<setting>` or `ijb11-cross-<setting>`; both rules, in order of targets.

    num_zero: templates of both sides without direction; their pairs score 0.
    """

    protocol: str
    nearest: tuple[OperatingPoint, ...]
    far_at_most: tuple[OperatingPoint, ...]
    num_zero: int


def ijb11(
    templates: Templates,
    left_id_P: ArrayLike,
    right_id_P: ArrayLike,
    same_P: ArrayLike,
    targets: Sequence[float] = TARGETS,
    other: Templates | None = None,
) -> OneToOne:
    """Both rules over listed pairs of template ids.

    other: templates of the right sides, of a second model; left is then the old model, right the
    new one. `ProtocolError` when the two were pooled by different settings.
    """
    right = templates if other is None else other
    if right.setting != templates.setting:
        raise ProtocolError(
            f"left templates were pooled by {templates.setting}, right ones by {right.setting}: "
            "pool both by one setting"
        )
    score_P = listed.pair_scores(
        templates.features,
        right.features,
        templates.positions(left_id_P),
        right.positions(right_id_P),
    )
    cross = "" if other is None else "cross-"
    return OneToOne(
        protocol=f"ijb11-{cross}{templates.setting}",
        nearest=tars(score_P, same_P, targets, "nearest"),
        far_at_most=tars(score_P, same_P, targets, "far_at_most"),
        num_zero=templates.num_zero + (0 if other is None else other.num_zero),
    )


def tars(
    score_P: ArrayLike, same_P: ArrayLike, targets: Sequence[float], rule: Rule
) -> tuple[OperatingPoint, ...]:
    """One operating point a target (shares, 0..1), in their order.

    `ProtocolError` when one kind of pair is missing, `NumericsError` for scores not finite.
    """
    if rule not in _RULES:
        raise ConfigError(f"rule {rule!r}: expected one of {', '.join(_RULES)}")
    if not targets:
        raise ConfigError("no target FAR: expected at least one, such as 1e-4")
    for target in targets:
        require_far(target)
    values = finite_values(score_P)
    flags = folds.same_flags(same_P, len(values))
    num_genuine = int(np.count_nonzero(flags))
    num_impostors = len(values) - num_genuine
    wanted = math.ceil(max(targets) * num_impostors) + _SPARE
    while True:
        upper = _upper(values, flags, num_genuine, wanted)
        found = [_RULES[rule](upper, target) for target in targets]
        if None not in found:
            return tuple(point for point in found if point is not None)
        wanted = 4 * wanted


@dataclass(frozen=True)
class _Upper:
    """All scores above some floor, ascending; `is_all` when there is no floor."""

    genuine: Floats
    impostors: Floats
    num_genuine: int
    num_impostors: int
    is_all: bool

    def counts(self, value_n: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Impostors and genuine pairs with a score >= each value."""
        return (
            len(self.impostors) - np.searchsorted(self.impostors, value_n),
            len(self.genuine) - np.searchsorted(self.genuine, value_n),
        )

    def point(
        self, rule: Rule, target: float, threshold: float, far: int, tar: int
    ) -> OperatingPoint:
        return OperatingPoint(
            rule=rule,
            target=target,
            tar=tar / self.num_genuine,
            far=far / self.num_impostors,
            threshold=threshold,
            num_genuine=self.num_genuine,
            num_impostors=self.num_impostors,
            num_impostors_above=far,
        )


def _upper(values: Floats, flags: NDArray[np.bool_], num_genuine: int, wanted: int) -> _Upper:
    """At least the `wanted` largest impostors, or all, with every genuine score above the least."""
    num_impostors = len(values) - num_genuine
    floor = _floor(values, flags, wanted / num_impostors)
    if floor is not None:
        above = np.flatnonzero(values >= floor)
        score, is_same = values[above], flags[above]
        impostors = score[~is_same]
        if len(impostors) >= wanted:
            genuine = np.sort(score[is_same])
            return _Upper(genuine, np.sort(impostors), num_genuine, num_impostors, False)
    genuine, impostors = np.sort(values[flags]), np.sort(values[~flags])
    return _Upper(genuine, impostors, num_genuine, num_impostors, True)


def _floor(values: Floats, flags: NDArray[np.bool_], share: float) -> np.floating[Any] | None:
    """A score that a little more than `share` of the impostors reach; None where that is many."""
    step = max(1, len(values) // _SAMPLE)
    sample = np.sort(values[::step][~flags[::step]])
    if not len(sample) or share >= 0.5:
        return None
    rank = math.ceil(len(sample) * share + 6 * math.sqrt(len(sample) * share) + 6)
    if step == 1 or rank > len(sample) // 2:
        return None
    floor: np.floating[Any] = sample[-rank]
    return floor


def _far_at_most(upper: _Upper, target: float) -> OperatingPoint | None:
    allowed = num_allowed(upper.num_impostors, target)
    if allowed == upper.num_impostors:
        return upper.point("far_at_most", target, -math.inf, allowed, upper.num_genuine)
    threshold = upper.impostors[len(upper.impostors) - 1 - allowed]
    accepted = [
        len(kind) - int(np.searchsorted(kind, threshold, side="right"))
        for kind in (upper.impostors, upper.genuine)
    ]
    return upper.point("far_at_most", target, float(threshold), *accepted)


def _nearest(rule: Rule, upper: _Upper, target: float) -> OperatingPoint | None:
    """None when the scores above the floor do not decide it."""
    width = _WINDOW
    while True:
        first = max(0, int(target * upper.num_impostors) - width)
        last = int(target * upper.num_impostors) + width
        if last > len(upper.impostors) and not upper.is_all:
            return None
        point = _nearest_within(rule, upper, target, first, last)
        if point is not None:
            return point
        width *= 4


def _nearest_within(
    rule: Rule, upper: _Upper, target: float, first: int, last: int
) -> OperatingPoint | None:
    """From the impostors ranked `first` to `last`; None when the window is too narrow."""
    is_start, is_end = first == 0, last >= upper.num_impostors
    num_kept = len(upper.impostors)
    impostors = upper.impostors[max(0, num_kept - last) : num_kept - first]
    low = 0 if is_end else np.searchsorted(upper.genuine, impostors[0])
    high = None if is_start else np.searchsorted(upper.genuine, impostors[-1], side="right")
    value = np.unique(np.concatenate((impostors, upper.genuine[low:high])))[::-1]
    far, tar = upper.counts(value)
    stays = np.zeros(len(value), dtype=bool)
    stays[1:-1] = rule == "nearest_unthinned"
    stays[1:-1] |= (np.diff(far, 2) != 0) | (np.diff(tar, 2) != 0)
    stays[0] |= is_start
    stays[-1] |= is_end
    reached = far[-1] if is_end else far[-2] if len(far) > 1 else 0
    value, far, tar = value[stays], far[stays], tar[stays]
    if is_start:
        value, far, tar = np.append(np.inf, value), np.append(0, far), np.append(0, tar)
    rate = far / upper.num_impostors
    beyond = np.flatnonzero(rate >= target)
    if not is_start and not (rate < target).any():
        return None
    if not is_end and not (len(beyond) and reached > far[beyond[0]]):
        return None
    best = len(rate) - 1 - int(np.argmin(np.abs(rate - target)[::-1]))
    return upper.point(rule, target, float(value[best]), int(far[best]), int(tar[best]))


_RULES: dict[str, Callable[[_Upper, float], OperatingPoint | None]] = {
    "nearest": partial(_nearest, "nearest"),
    "nearest_unthinned": partial(_nearest, "nearest_unthinned"),
    "far_at_most": _far_at_most,
}
