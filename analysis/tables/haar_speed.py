"""Learning-rate schedules at several lengths of a run: accuracy, its change, cost, and the claim.

Change is a metric that the study reports less that of the reference, seed by seed. The reference is
the polynomial schedule at its greatest length and the same values of all other axes: the schedule
of insightface's trainer, which MHLR's is made from.
"""

import pandas as pd

from analysis import columns, spending
from analysis.columns import Filled
from analysis.grid import LEVEL, Grid
from analysis.spending import LENGTH
from analysis.table import Cell, Column, Table, measured, missing
from frlib.records.read import Records
from frlib.records.select import Choice
from frlib.stats.intervals import mean_interval

TITLE = "Schedules at several lengths of a run"
SCHEDULE = "schedule"
REFERENCE = "poly"
METHOD = "moving_haar"
CUTS = "schedule/cuts"
BENCHMARK = "LFW"


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: schedule x length (all axes in the study's order).

    `RecordError` when the study has no axis of schedules or of epochs.
    """
    grid = Grid.of(records)
    columns.require_axes(grid, "haar_speed", SCHEDULE, LENGTH)
    names = grid.matching(tuple(records.study["report"]))
    filled = [
        *columns.axes(grid),
        *columns.settings(grid),
        spending.images_column(grid),
        *columns.report(grid, names, SCHEDULE),
        *(_changes(grid, name) for name in names),
        *_cuts(grid),
        columns.cost(grid),
        columns.seeds(grid),
    ]
    if published is not None:
        column = Column("published", f"published {BENCHMARK}", scale=100.0, unit="%")
        filled.append(Filled(column, [_published(published, row) for row in grid.rows]))
    heads, rows = columns.assemble(filled)
    extra = (
        "Images seen: optimiser steps times the images of a step.",
        "Cuts: of the rate, by MHLR; a run without any had a constant rate."
        if CUTS in grid.names
        else "",
        "Seconds depend on the machine and on what else ran on it.",
        f"Change: a metric less that of {REFERENCE} at its greatest length, seed by seed. The "
        "MHLR README claims a quarter of the training time at less than one point of accuracy: a "
        "row supports that where all of its interval lies above −1, and speaks against it where "
        "all of it lies below.",
        f"Published: {BENCHMARK} accuracy of much larger networks and sets, 5 epochs; no level to "
        "compare with."
        if published is not None
        else "",
    )
    title = f"{TITLE}: {records.study['name']}"
    return Table("haar_speed", title, columns.caption(grid, SCHEDULE, extra), heads, rows)


def _cuts(grid: Grid) -> list[Filled]:
    """Cuts of the rate in a run; without any, MHLR is a constant rate. No column without MHLR."""
    if CUTS not in grid.names:
        return []
    others = missing("the rule makes no cuts")
    entries = [
        others if row.arm is not None and not grid.sample(row, CUTS) else grid.cell(row, CUTS)
        for row in grid.rows
    ]
    return [Filled(Column("cuts", "cuts", digits=1), entries)]


def _changes(grid: Grid, name: str) -> Filled:
    column = Column(f"change/{name}", f"change of {name}", scale=100.0, unit="points", digits=1)
    return Filled(column, [_change(grid, row, name) for row in grid.rows])


def _change(grid: Grid, row: Choice, name: str) -> Cell:
    if row.arm is None:
        return missing(row.missing)
    reference = _reference(grid, row)
    if reference is row:
        return missing("the reference")
    if reference is None or reference.arm is None:
        return missing(f"no result of {REFERENCE} at its greatest length to compare with")
    mine, other = grid.sample(row, name), grid.sample(reference, name)
    shared = sorted(set(mine) & set(other))
    if not shared:
        return missing(f"no seed is complete here and for {REFERENCE}")
    return measured(mean_interval([mine[seed] - other[seed] for seed in shared], LEVEL))


def _reference(grid: Grid, row: Choice) -> Choice | None:
    others = [axis for axis in grid.axes if axis not in (SCHEDULE, LENGTH)]
    alike = [
        one
        for one in grid.rows
        if one.shown[SCHEDULE] == REFERENCE
        and all(one.shown.get(axis) == row.shown.get(axis) for axis in others)
    ]
    return max(alike, key=lambda one: one.shown[LENGTH], default=None)


def _published(published: pd.DataFrame, row: Choice) -> Cell:
    """The number printed for the first training set; those of the others in its note."""
    source = published["source"].iloc[0]
    if row.shown[SCHEDULE] != METHOD:
        return missing(f"no other schedule than MHLR is published ({source})")
    wanted = (published["benchmark"] == BENCHMARK) & (published["metric"] == "accuracy")
    rows = published[wanted]
    if rows.empty:
        return missing(f"{BENCHMARK} accuracy is not published ({source})")
    first = rows.iloc[0]
    others = "".join(
        f"; {other['printed']} with {other['backbone']} on {other['train_set']}"
        for _, other in rows.iloc[1:].iterrows()
    )
    return Cell(
        float(first["ratio"]),
        origin="published",
        digits=int(first["digits"]),
        note=f"{BENCHMARK} accuracy of {first['backbone']}: {first['origin']}{others}",
    )
