"""Results of methods against how much noise there is, a panel for each kind of it."""

from typing import Any

from analysis.columns import axis_title
from analysis.grid import LEVEL, Grid
from analysis.lines import (
    InapplicableError,
    Line,
    Panel,
    compared,
    is_noise,
    method,
    place,
    present,
    scaled,
    unit,
)
from frlib.records.select import Choice
from frlib.stats.intervals import mean_interval

_ENOUGH = 3
"""Amounts of noise on an axis; with fewer it is drawn where no axis has as many."""
Key = tuple[tuple[str, Any], ...]


def panels(grid: Grid, name: str) -> list[Panel]:
    """A panel for each axis of noise and for what all else but the method is meanwhile.

    name: the metric. The row of a cell is its chosen arm, the band the 95 % interval over seeds.
    """
    axes = [axis for axis in grid.axes if is_noise(axis) and _is_number(grid, axis)]
    if not axes:
        raise InapplicableError("no axis of the study says how much noise there is")
    found = [panel for axis in axes for panel in _along(grid, name, axis, axes)]
    if not found:
        raise InapplicableError(f"no method has {name} at two or more amounts of noise yet")
    longest = max(_amounts(panel) for panel in found)
    return [panel for panel in found if _amounts(panel) >= min(_ENOUGH, longest)]


def _along(grid: Grid, name: str, axis: str, axes: list[str]) -> list[Panel]:
    mine = compared(grid.axes)
    fixed = [one for one in grid.axes if one not in mine or one in axes]
    by_place: dict[Key, list[Choice]] = {}
    for row in grid.rows:
        others = tuple((one, row.shown.get(one)) for one in fixed if one != axis)
        by_place.setdefault(others, []).append(row)
    up, _ = unit(name)
    found = []
    for others, rows in by_place.items():
        lines = _lines(grid, name, axis, rows)
        if not lines:
            continue
        ticks = tuple(sorted({x for line in lines for x in line.x}))
        across = axis_title(axis) + (" (%)" if axis.endswith("ratio") else "")
        there = {one: at for one, at in others if not is_noise(one)} | present(dict(others))
        title = f"with {place(there)}" if there else ""
        found.append(
            Panel(title=title, across=across, up=up, lines=tuple(lines), ticks=ticks, beside=True)
        )
    return found


def _lines(grid: Grid, name: str, axis: str, rows: list[Choice]) -> list[Line]:
    _, scale = unit(name)
    percent = 100.0 if axis.endswith("ratio") else 1.0
    by_method: dict[str, list[Choice]] = {}
    for row in rows:
        if grid.sample(row, name):
            by_method.setdefault(method(row.shown, grid.axes), []).append(row)
    found = []
    for label, mine in by_method.items():
        ordered = sorted(mine, key=lambda row: float(row.shown[axis]))
        if len(ordered) < 2:
            continue
        samples = [list(grid.sample(row, name).values()) for row in ordered]
        results = tuple(scaled(mean_interval(one, LEVEL), scale) for one in samples)
        x = tuple(percent * float(row.shown[axis]) for row in ordered)
        found.append(Line(name=label, x=x, y=results))
    return found


def _amounts(panel: Panel) -> int:
    return len(panel.ticks)


def _is_number(grid: Grid, axis: str) -> bool:
    values = [row.shown.get(axis) for row in grid.rows]
    return all(isinstance(at, (int, float)) and not isinstance(at, bool) for at in values)
