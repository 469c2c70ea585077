"""What was set in the arms of a study, and what came of it: searched values and numbers on axes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.columns import METHOD
from analysis.grid import LEVEL, Grid
from analysis.lines import (
    InapplicableError,
    Line,
    Look,
    Panel,
    compared,
    conditions,
    is_noise,
    method,
    place,
    scaled,
    unit,
)
from frlib.records import select
from frlib.records.read import Arm
from frlib.stats.intervals import Interval, mean_interval

OF_HEADS = ("head.lam", "head.margin", "head.loss_k")
"""Settings of heads that are told apart where an axis names whole heads."""
_LOG = 20.0
"""Largest over smallest value, from which an axis is logarithmic."""
_LINES = 12
"""More cells than these are no legend."""


@dataclass(frozen=True)
class Tried:
    """A complete arm, its cell in words and what it scored over its replicates."""

    arm: Arm
    cell: str
    result: Interval

    def value(self, setting: str) -> Any:
        """None where the arm has no such setting."""
        return self.settings.get(setting)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Searched values, values on axes but those of noise, and numbers of the head."""
        axes = {axis: at for axis, at in self.arm.cell.items() if not is_noise(axis)}
        return axes | _of_head(self.arm.config) | dict(self.arm.params)


def tried(grid: Grid, name: str) -> list[Tried]:
    """Arms that ended complete, with the mean of a metric over seeds and its interval."""
    rows = grid.records.final(name)
    found = []
    for arm in grid.records.arm_list:
        values = rows.loc[rows["arm"] == arm.digest, "value"].dropna()
        if arm.status == "complete" and len(values):
            result = mean_interval(values.to_numpy(), LEVEL)
            found.append(Tried(arm, place(arm.cell), result))
    return found


def numbers(arms: Sequence[Tried]) -> tuple[str, ...]:
    """Settings that are numbers and had two values or more."""
    found: dict[str, set[float]] = {}
    for one in arms:
        for setting, value in one.settings.items():
            if is_number(value):
                found.setdefault(setting, set()).add(float(value))
    return tuple(sorted(setting for setting, values in found.items() if len(values) > 1))


def is_number(value: Any) -> bool:
    """Whether it can stand on an axis."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def panels(grid: Grid) -> list[Panel]:
    """A panel a setting: the selection metric against it, a line for each of all else that was set.

    Points are joined where nothing else differs between them. The best of a line is ringed: by the
    rule of the study it stands for its cell, if the other settings do not have a better arm.
    """
    name, higher = select.metric(grid.records.study)
    arms = tried(grid, name)
    settings = numbers(arms)
    if not settings:
        raise InapplicableError(
            f"no number was searched or varied that two complete arms with {name} differ in"
        )
    found = []
    for setting in settings:
        lines = tuple(_lines(arms, setting, name, higher))
        if not lines:
            continue
        reach = sorted({x for line in lines for x in line.x})
        is_log = reach[0] > 0 and reach[-1] / reach[0] >= _LOG
        found.append(Panel(title="", across=setting, up=unit(name)[0], lines=lines, is_log=is_log))
    if not found:
        raise InapplicableError("no two arms of one cell differ in a number")
    return found


def _lines(arms: Sequence[Tried], setting: str, name: str, higher: bool) -> Iterator[Line]:
    _, scale = unit(name)
    by_cell: dict[str, list[Tried]] = {}
    for one in arms:
        if is_number(one.value(setting)):
            by_cell.setdefault(_beside(one, setting), []).append(one)
    lines = {cell: mine for cell, mine in by_cell.items() if _differ(mine, setting)}
    if len(lines) > _LINES:
        return
    for cell, mine in lines.items():
        mine.sort(key=lambda one: float(one.value(setting)))
        x = tuple(float(one.value(setting)) for one in mine)
        values = [one.result.value for one in mine]
        look: Look = "line" if _only(mine, setting) else "points"
        yield Line(
            name=cell,
            x=x,
            y=tuple(scaled(one.result, scale) for one in mine),
            look=look,
            ringed=values.index(max(values) if higher else min(values)),
        )


def _differ(arms: Sequence[Tried], setting: str) -> bool:
    return len({float(one.value(setting)) for one in arms}) > 1


def _only(arms: Sequence[Tried], setting: str) -> bool:
    """Whether nothing else that was searched differs, and no value was tried twice."""
    others = [{k: v for k, v in one.arm.params.items() if k != setting} for one in arms]
    values = {float(one.value(setting)) for one in arms}
    return len(values) == len(arms) and all(other == others[0] for other in others)


def _beside(one: Tried, setting: str) -> str:
    """The cell without this setting; a head by its kind where the setting is one of its numbers."""
    shown = {axis: at for axis, at in one.arm.cell.items() if axis != setting}
    if setting in OF_HEADS and setting not in one.arm.params and METHOD in shown:
        shown[METHOD] = str(one.arm.config["head"].get("name", shown[METHOD]))
    axes = list(shown)
    words = [method(shown, axes) if compared(axes) else "", conditions(shown, axes)]
    return ", ".join(word for word in words if word) or "all arms"


def _of_head(config: Mapping[str, Any]) -> dict[str, Any]:
    head = config.get("head")
    if not isinstance(head, Mapping):
        return {}
    return {f"head.{name}": at for name, at in head.items() if f"head.{name}" in OF_HEADS}
