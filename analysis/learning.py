"""How arms went over their epochs: learning curves, and what was decided about samples."""

import pandas as pd

from analysis.grid import LEVEL, Grid
from analysis.lines import InapplicableError, Line, Panel, conditions, method, scaled, unit
from frlib.records import select
from frlib.records.read import Arm
from frlib.records.select import Choice
from frlib.stats.intervals import mean_interval

PRECISION, RECALL = "corrections/precision", "corrections/recall"
_METHODS = 18
"""More than these have no looks that can be told apart."""


def panels(grid: Grid, name: str = "") -> list[Panel]:
    """A panel for all under the same conditions: the metric of every arm by epoch, over its seeds.

    name: by default the selection metric. The arm that stands for its cell has a band, the 95 %
    interval over seeds; the others are faint. Arms that were stopped end with a cross. An epoch is
    drawn with the seeds that had it: of a stopped arm there may be fewer.
    """
    wanted = name or select.metric(grid.records.study)[0]
    rows = _rows(grid, wanted)
    found = []
    for shown, cells in _conditions(grid).items():
        lines = tuple(
            line
            for row in cells
            for arm in row.arms
            if (line := _line(rows, arm, method(row.shown, grid.axes), wanted, arm is row.arm))
        )
        if lines:
            found.append(Panel(title=shown, across="epoch", up=unit(wanted)[0], lines=lines))
    if not any(len(line.x) > 1 for panel in found for line in panel.lines):
        raise InapplicableError(f"no arm has {wanted} at two epochs or more")
    return _few(found)


def decisions(grid: Grid) -> list[Panel]:
    """Precision and recall of what chosen arms decided about samples, by epoch, side by side."""
    tables = {name: _rows(grid, name) for name in (PRECISION, RECALL)}
    if all(rows.empty for rows in tables.values()):
        raise InapplicableError("no method of the study decides about samples while it trains")
    found = []
    for shown, cells in _conditions(grid).items():
        pair = []
        for name, rows in tables.items():
            lines = tuple(
                line
                for row in cells
                if row.arm is not None
                if (line := _line(rows, row.arm, method(row.shown, grid.axes), name, True))
            )
            pair.append(Panel(title=shown, across="epoch", up=unit(name)[0], lines=lines))
        if all(panel.lines for panel in pair):
            found.extend(pair)
    if not any(len(line.x) > 1 for panel in found for line in panel.lines):
        raise InapplicableError(
            "no chosen arm has precision and recall of its decisions at two epochs or more"
        )
    return _few(found)


def _few(found: list[Panel]) -> list[Panel]:
    methods = {line.name for panel in found for line in panel.lines}
    if len(methods) > _METHODS:
        raise InapplicableError(f"{len(methods)} methods are too many for one legend")
    return found


def _rows(grid: Grid, name: str) -> pd.DataFrame:
    """`arm, seed, epoch, value`, one row an epoch: the latest attempt's."""
    metrics = grid.records.metrics
    mine = metrics[metrics["name"] == name].sort_values("attempt", kind="stable")
    return mine.drop_duplicates(["arm", "seed", "epoch"], keep="last")


def _line(rows: pd.DataFrame, arm: Arm, label: str, name: str, is_chosen: bool) -> Line | None:
    _, scale = unit(name)
    mine = rows[(rows["arm"] == arm.digest) & rows["value"].notna()]
    by_epoch = sorted(mine.groupby("epoch")["value"])
    if not by_epoch:
        return None
    return Line(
        name=label,
        x=tuple(float(epoch) for epoch, _ in by_epoch),
        y=tuple(scaled(mean_interval(one.to_numpy(), LEVEL), scale) for _, one in by_epoch),
        look="line" if is_chosen else "faint",
        is_cut=arm.status == "stopped",
    )


def _conditions(grid: Grid) -> dict[str, list[Choice]]:
    """Rows by what they were trained under, in words."""
    found: dict[str, list[Choice]] = {}
    for row in grid.rows:
        found.setdefault(conditions(row.shown, grid.axes), []).append(row)
    return found
