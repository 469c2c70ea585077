"""Lines of results with intervals, in panels: what most figures of a study draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis.columns import METHOD, axis_title, axis_value, metric_column
from frlib.core.errors import RecordError
from frlib.stats.intervals import Interval

Look = Literal["line", "points", "faint"]
CLEANING = "clean"
_METHODS = (METHOD, CLEANING, "compat.method")
_NONE = ("none", "nothing", "")


class InapplicableError(RecordError):
    """A figure that the records of a study do not allow, and why."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """x: where; y: results there, in the unit of the panel.

    look: points are not joined; a faint line has no place in the legend and no band. ringed: the
    point that was chosen. is_cut: it was stopped where it ends.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[Interval, ...]
    look: Look = "line"
    ringed: int | None = None
    is_cut: bool = False


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Lines over one axis. is_log: the axis is logarithmic; ticks: where it is marked, if said.

    beside: whether points of many lines stand beside each other, each with its interval.
    """

    title: str
    across: str
    up: str
    lines: tuple[Line, ...]
    is_log: bool = False
    ticks: tuple[float, ...] = ()
    beside: bool = False


def unit(name: str) -> tuple[str, float]:
    """The last part of a metric as the label of an axis, and what its values are multiplied by."""
    column = metric_column(name)
    last = name.rpartition("/")[2]
    return f"{last} ({column.unit})" if column.unit else last, column.scale


def scaled(found: Interval, scale: float) -> Interval:
    """An interval in another unit."""
    return Interval(found.value * scale, found.low * scale, found.high * scale, found.n)


def is_noise(axis: str) -> bool:
    """Whether an axis says how much noise there is."""
    return axis.startswith("noise.")


def present(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Axes of noise on which there is some: a ratio that is not 0, a long tail that is not 1."""
    return {
        axis: at
        for axis, at in shown.items()
        if is_noise(axis) and at != (0 if axis.endswith("ratio") else 1)
    }


def compared(axes: Sequence[str]) -> list[str]:
    """The axes along which methods differ; where none is one, all but those of noise."""
    found = [axis for axis in axes if axis in _METHODS]
    return found or [axis for axis in axes if not is_noise(axis)]


def method(shown: Mapping[str, Any], axes: Sequence[str]) -> str:
    """What is compared, in words: the values of a cell on the axes of methods."""
    told = [
        str(shown[axis]) if axis in _METHODS else place({axis: shown[axis]})
        for axis in compared(axes)
        if axis in shown and str(shown[axis]) not in _NONE
    ]
    if told:
        return ", ".join(told)
    return "no rule" if CLEANING in axes else "none" if compared(axes) else "all arms"


def conditions(shown: Mapping[str, Any], axes: Sequence[str]) -> str:
    """Under what methods are compared, in words: noise, and all axes that are not of methods."""
    mine = compared(axes)
    others = {axis: shown[axis] for axis in axes if axis not in mine and not is_noise(axis)}
    there = present(shown)
    words = [place(others), place(there)]
    if any(map(is_noise, axes)) and not there:
        words.append("no noise")
    return ", ".join(word for word in words if word)


def place(shown: Mapping[str, Any]) -> str:
    """Values on axes, in words."""
    return ", ".join(f"{axis_title(axis)} {axis_value(axis, at)}" for axis, at in shown.items())
