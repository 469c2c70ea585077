"""Every published way to turn the same embeddings into a number for a list of pairs.

A variant is named for its source; `ABOUT` says what it does to the two views, how it normalises and
what it compares. Colour order is the model's matter and stands in the report.

    insightface10, tface   accuracy on a grid of squared distances; tface adds the mean threshold
    boundaryface10         accuracy of mean-centred cosines of both views side by side
    facexzoo10             accuracy of cosines of the original view
    tface_rfw              faulty; kept to reproduce such numbers
    val_classic, val_expface, val_strict   share of same pairs accepted at FAR 1e-3
    exact                  accuracy with the best threshold, no grid
    roc                    area, equal-error rate and TAR at FAR over all pairs, no folds

Shapes: N images, D dimensions, P pairs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import ConfigError, ProtocolError
from frlib.metrics import embeddings, roc, tface_rfw, val, verification
from frlib.metrics.exact import exact
from frlib.metrics.verification import Verification
from frlib.stats.support import ENOUGH

DEFAULT = ("insightface10",)
FARS = (1e-1, 1e-2, 1e-3, 1e-4)
VAL_FAR = 1e-3
FAULTY = "faulty rule, only to reproduce such numbers"


@dataclass(frozen=True, kw_only=True, eq=False)
class Views:
    """plain, mirrored: `[N, D]` raw outputs; left, right: `[P]` rows; same, fold: `[P]`."""

    plain: NDArray[np.float32]
    mirrored: NDArray[np.float32] | None
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    same: NDArray[np.bool_]
    fold: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Measure:
    """A number; `event`, of the pairs `over`, is what it is the share of (None: of nothing).

    far: the target of a TAR over all pairs, whose threshold is part of what is uncertain.
    """

    metric: str
    value: float | None
    event: NDArray[np.bool_] | None = None
    over: NDArray[np.bool_] | None = None
    n: int | None = None
    far: float | None = None
    mark: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """What a variant found. `name`: with the number of folds that ran, and `-single` for one view.

    score, threshold: `[P]`, larger = more alike; correct: `[P]` the verdict was right.
    """

    name: str
    measures: tuple[Measure, ...]
    score: NDArray[np.float64]
    threshold: NDArray[np.float64] | None = None
    correct: NDArray[np.bool_] | None = None


_SUM = {"flip": "sum of both views", "normalisation": "L2 of the sum, float64"}
_DISTANCE = _SUM | {"compared": "squared distance"}
ABOUT = {
    "insightface10": _DISTANCE,
    "boundaryface10": {
        "flip": "both views side by side",
        "normalisation": "mean of the choosing folds subtracted, then L2, float32",
        "compared": "cosine",
    },
    "facexzoo10": {
        "flip": "original view only",
        "normalisation": "L2, float32",
        "compared": "cosine",
    },
    "tface": _DISTANCE,
    "tface_rfw": _SUM
    | {"compared": "squared distance; for val the cosine after subtracting the mean of all"},
    "val_classic": _DISTANCE,
    "val_expface": _DISTANCE,
    "val_strict": _DISTANCE,
    "exact": _DISTANCE,
    "roc": _DISTANCE,
}
VARIANTS = tuple(ABOUT)


def about(variant: str, num_views: int) -> dict[str, str]:
    """Flip rule, normalisation and score of a variant, as it ran on one view or two."""
    found = dict(ABOUT[variant])
    if num_views == 1 and found["flip"] != "original view only":
        found["flip"] = f"one view given (the rule: {found['flip']})"
    return found


def judge(variant: str, views: Views) -> Judgement:
    """One variant; `ProtocolError` where it is not defined for these pairs."""
    if variant not in _JUDGES:
        raise ConfigError(f"no variant {variant!r}; known: {', '.join(VARIANTS)}")
    return _JUDGES[variant](views)


def _published(variant: str) -> Callable[[Views], Judgement]:
    def judged(v: Views) -> Judgement:
        rule = verification.VARIANTS[variant]
        found = rule(v.plain, v.mirrored, v.left, v.right, v.same, v.fold)
        spread = ("std", found.std)
        if variant == "facexzoo10":
            spread = ("standard_error", found.standard_error)
        return _accuracy(found, found.protocol, spread)

    return judged


def _accuracy(
    found: Verification, name: str, *more: tuple[str, float], mark: str = ""
) -> Judgement:
    folds = len(found.accuracy_per_fold)
    return Judgement(
        name=name,
        measures=(
            Measure(metric="accuracy", value=found.accuracy, event=found.correct_P, mark=mark),
            *(Measure(metric=m, value=value, n=folds, mark=mark) for m, value in more),
        ),
        score=found.score_P,
        threshold=found.threshold_P,
        correct=found.correct_P,
    )


def _distance(v: Views) -> NDArray[np.float64]:
    return embeddings.summed_distance(v.plain, v.mirrored, v.left, v.right)


def _named(name: str, v: Views) -> str:
    return name if v.mirrored is not None else f"{name}-single"


def _tface(v: Views) -> Judgement:
    found = verification.insightface(_distance(v), v.same, v.fold)
    folds = len(found.accuracy_per_fold)
    threshold = float(np.mean(found.threshold_per_fold))
    return _accuracy(
        found, _named(f"tface{folds}", v), ("std", found.std), ("threshold", threshold)
    )


def _tface_rfw(v: Views) -> Judgement:
    unit = embeddings.sum_normalise(v.plain, v.mirrored)
    found, rates = tface_rfw.tface_rfw(unit[v.left], unit[v.right], v.same, v.fold)
    name = _named(found.protocol, v)
    return _accuracy(
        found, name, ("std", found.std), (f"val@far={rates.target:g}", rates.val), mark=FAULTY
    )


def _exact(v: Views) -> Judgement:
    found = exact(_distance(v), v.same, v.fold)
    return _accuracy(found, _named(found.protocol, v), ("std", found.std))


def _val(rule: val.Rule) -> Callable[[Views], Judgement]:
    def judged(v: Views) -> Judgement:
        distance = _distance(v)
        found = val.val_at_far(distance, v.same, v.fold, VAL_FAR, rule)
        threshold = found.threshold_per_fold[np.unique(v.fold, return_inverse=True)[1]]
        accepted = distance < threshold
        mark = _support(found.num_impostors_above, int((~v.same).sum()), VAL_FAR)
        at = f"far={VAL_FAR:g}"
        return Judgement(
            name=_named(found.protocol, v),
            measures=(
                Measure(
                    metric=f"val@{at}", value=found.val, event=accepted, over=v.same, mark=mark
                ),
                Measure(
                    metric=f"realised_far@{at}",
                    value=found.far,
                    event=accepted,
                    over=~v.same,
                    mark=mark,
                ),
            ),
            score=-distance,
            threshold=-threshold,
            correct=accepted == v.same,
        )

    return judged


def _roc(v: Views) -> Judgement:
    score = -_distance(v)
    if np.ptp(score) == 0:
        raise ProtocolError("all scores are equal: they say nothing about any pair")
    measures = [
        Measure(metric="auc", value=roc.auc(score, v.same)),
        Measure(metric="eer", value=roc.eer(score, v.same)),
    ]
    num_impostors = int((~v.same).sum())
    for far in FARS:
        metric = f"tar@far={far:g}"
        if num_impostors < round(1 / far):
            mark = f"{num_impostors:,} impostor pairs; FAR {far:g} needs {round(1 / far):,}"
            measures.append(Measure(metric=metric, value=None, over=v.same, mark=mark))
            continue
        found = roc.tar_at_far(score, v.same, far)
        measures.append(
            Measure(
                metric=metric,
                value=found.tar,
                event=score > found.threshold,
                over=v.same,
                far=far,
                mark=_support(found.num_impostors_above, num_impostors, far),
            )
        )
    return Judgement(name=_named("roc", v), measures=tuple(measures), score=score)


def _support(above: int, num_impostors: int, far: float) -> str:
    if above >= ENOUGH:
        return ""
    below = num_impostors < round(1 / far)
    few = f"; {num_impostors:,} impostor pairs are fewer than 1/FAR" if below else ""
    return f"rests on {above} accepted impostor{'' if above == 1 else 's'}{few}"


_JUDGES: dict[str, Callable[[Views], Judgement]] = {
    "insightface10": _published("insightface10"),
    "boundaryface10": _published("boundaryface10"),
    "facexzoo10": _published("facexzoo10"),
    "tface": _tface,
    "tface_rfw": _tface_rfw,
    "val_classic": _val("classic"),
    "val_expface": _val("expface"),
    "val_strict": _val("strict"),
    "exact": _exact,
    "roc": _roc,
}
