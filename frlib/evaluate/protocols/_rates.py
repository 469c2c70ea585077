"""Shares as rows of a report: intervals over people, and marks where little stands behind a number.

Wilson's interval widened by how far trials of one person agree (`frlib.stats.people`); the exact
binomial one where everybody has one trial. The mean of the shares of several galleries has Wilson's
interval at the variance of that mean. The threshold of a rate is taken as given.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.evaluate.report import Row
from frlib.metrics.one_to_one import OperatingPoint
from frlib.stats import people as over_people
from frlib.stats.intervals import binomial_interval
from frlib.stats.support import ENOUGH

CLUSTERED = "Wilson, clustered by person, 95 %"
OF_GALLERIES = "Wilson of the mean over galleries, clustered by person, 95 %"
BINOMIAL = "exact binomial, 95 %"


def share(
    protocol: str,
    variant: str,
    metric: str,
    event_P: NDArray[np.bool_],
    persons_P: ArrayLike,
    *,
    gallery_P: ArrayLike | None = None,
    value: float | None = None,
    n: int | None = None,
    mark: str = "",
) -> Row:
    """The share of trials with an event. persons_P: whose trial each is.

    gallery_P: which gallery each trial is in; then the interval is of the mean of their shares.
    value: where the share is known from elsewhere. n: all comparisons behind it, trials by default.
    """
    people = over_people.people(persons_P, persons_P)
    if gallery_P is not None:
        kind = OF_GALLERIES
        found = over_people.share_interval(event_P, people, group_P=gallery_P)
    elif people.num == len(event_P):
        kind, found = BINOMIAL, binomial_interval(int(event_P.sum()), len(event_P))
    else:
        kind, found = CLUSTERED, over_people.share_interval(event_P, people)
    has_ends = bool(np.isfinite(found.low) and np.isfinite(found.high))
    return Row(
        protocol=protocol,
        variant=variant,
        metric=metric,
        value=found.value if value is None else value,
        low=found.low if has_ends else None,
        high=found.high if has_ends else None,
        n=len(event_P) if n is None else n,
        n_positive=len(event_P),
        mark=mark,
        interval=kind if has_ends else "",
    )


def tar_name(point: OperatingPoint) -> str:
    """`tar@far=0.0001`, with the rule behind it unless that is the strict one."""
    name = f"tar@far={point.target:g}"
    return name if point.rule == "far_at_most" else f"{name},{point.rule}"


def tar(
    protocol: str,
    variant: str,
    point: OperatingPoint,
    genuine_P: NDArray[np.float32],
    persons_P: ArrayLike,
) -> Row:
    """An operating point, with the genuine scores that it rests on and whose they are.

    Without a value where there are fewer impostors than 1/FAR and the rule is the strict one; the
    published rule gives its number, marked.
    """
    n, metric = point.num_genuine + point.num_impostors, tar_name(point)
    mark = weak(point.num_impostors_above, point.num_impostors, point.target)
    if point.rule == "far_at_most":
        if point.target and point.num_impostors < round(1 / point.target):
            return Row(
                protocol=protocol,
                variant=variant,
                metric=metric,
                value=None,
                n=n,
                n_positive=point.num_genuine,
                mark=mark,
            )
        accepted = genuine_P > point.threshold
    else:
        accepted = genuine_P >= point.threshold
    return share(protocol, variant, metric, accepted, persons_P, value=point.tar, n=n, mark=mark)


def weak(num_above: int, num_impostors: int, target: float) -> str:
    """Why a number at this false-accept rate says little; empty where it is supported."""
    if target and num_impostors < round(1 / target):
        return f"{num_impostors:,} impostors; FAR {target:g} needs {round(1 / target):,}"
    if num_above >= ENOUGH:
        return ""
    return f"rests on {num_above} accepted impostor{'' if num_above == 1 else 's'}"


def missing(protocol: str, variant: str, metric: str, why: str) -> Row:
    """A cell without a value."""
    return Row(protocol=protocol, variant=variant, metric=metric, value=None, n=0, mark=why)


def tied(num_tied: int, num_trials: int) -> str:
    """Why a rank says little: ties favour the mate."""
    return f"{num_tied:,} of {num_trials:,} mates tie with another" if num_tied else ""
