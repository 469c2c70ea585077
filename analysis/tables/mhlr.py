"""MHLR's table: training set x network, and what each result cost.

Three lines for each printed one (see `analysis.against`), then the study's other rows, so that
schedules stand beside each other. Costs are of what was measured; a row is on the front where no
other has a higher first metric for as few images seen.
"""

import json
from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis import against, columns, spending
from analysis.against import Line
from analysis.answers import same_method
from analysis.columns import Filled
from analysis.grid import Grid, is_more_better
from analysis.table import Cell, Column, Table
from frlib.core.errors import RecordError
from frlib.records.read import Records
from frlib.records.select import Choice

TITLE = "MHLR by training set and network, with costs"
SCHEDULE, BACKBONE, TRAIN = "schedule", "backbone", "data.train"
DEPTH, SUBSETS = "backbone.depth", "data.train.subsets"
METHOD = "moving_haar"
_PARTS = {(0,): "WebFace4M", (0, 1): "WebFace8M", (0, 1, 2): "WebFace12M"}
"""First digits of the archives -> the README's name of what is in them."""


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: training set x network x (measured, published, difference), then all other rows.

    `RecordError` when the study names another published document.
    """
    if published is None or BACKBONE not in published:
        raise RecordError(
            f"study {records.study['name']!r}: the table mhlr is of MHLR's published numbers. Set "
            "published='mhlr' in the study, or table='study'."
        )
    grid = Grid.of(records)
    lines = _lines(grid, published)
    first = grid.matching(tuple(records.study["report"]))[0]
    images = against.by_row(grid, spending.images_column(grid).entries)
    cost = against.by_row(grid, columns.cost(grid).entries)
    front = _front(grid, first)
    over = SCHEDULE if SCHEDULE in grid.axes else columns.method_axis(grid)
    filled = [
        *against.columns(grid, lines, published, over),
        _spread(lines, spending.images_column(grid).column, lambda row: images[id(row)]),
        _spread(lines, columns.cost(grid).column, lambda row: cost[id(row)]),
        _spread(lines, Column("front", "on the front"), lambda row: front.get(id(row), "")),
    ]
    heads, rows = columns.assemble(filled)
    told = (
        "Published numbers are of 5 epochs on one GPU (MHLR README); a difference is of everything "
        f"that differs. On the front: no other row has a higher {first} for as few images seen, or "
        "as high a one for fewer; of means.",
        "Images seen: optimiser steps times the images of a step. Seconds depend on the machine.",
    )
    caption = columns.caption(grid, over, told)
    return Table("mhlr", f"{TITLE}: {records.study['name']}", caption, heads, rows)


def _lines(grid: Grid, published: pd.DataFrame) -> list[Line]:
    lines, used = [], set()
    for (data, network), rows in published.groupby(["train_set", BACKBONE], sort=False):
        row, why = against.find(
            grid,
            lambda row, of=(str(data), str(network)): _is_of(grid, row, *of),  # type: ignore[misc]
            f"not run: the study has no {METHOD} with {network} on {data}",
        )
        used.add(id(row))
        named = {"training set": str(data), "network": str(network), "schedule": METHOD}
        lines.append(Line(named, rows, row, why))
    for row in grid.rows:
        if id(row) not in used:
            named = {
                "training set": _train_set(grid, row) or "another",
                "network": _network(grid, row) or "another",
                "schedule": _rest(row),
            }
            lines.append(Line(named, None, row))
    return lines


def _is_of(grid: Grid, row: Choice, data: str, network: str) -> bool:
    schedule = str(row.shown.get(SCHEDULE) or against.setting(grid, row, SCHEDULE, "name"))
    return (
        schedule.startswith(METHOD)
        and same_method(_train_set(grid, row), data)
        and same_method(_network(grid, row), network)
    )


def _network(grid: Grid, row: Choice) -> str:
    depth = against.setting(grid, row, BACKBONE, "depth")
    return f"r{depth}" if depth else str(row.shown.get(BACKBONE) or "")


def _train_set(grid: Grid, row: Choice) -> str:
    """The published set that a source holds, by its archives or its folder; else its own name."""
    subsets = against.setting(grid, row, *SUBSETS.split(".")) or ()
    digits = json.loads(subsets) if isinstance(subsets, str) else subsets
    folder = (
        str(against.setting(grid, row, "data", "train", "path") or "")
        .rstrip("/")
        .rpartition("/")[2]
    )
    name = row.shown.get(TRAIN) or against.setting(grid, row, "data", "train", "name") or ""
    return _PARTS.get(tuple(digits)) or folder or str(name)


def _rest(row: Choice) -> str:
    """What tells a row apart besides set and network."""
    return ", ".join(
        f"{columns.axis_title(axis)} {columns.axis_value(axis, value)}"
        for axis, value in row.shown.items()
        if axis not in (TRAIN, BACKBONE, DEPTH, SUBSETS)
    )


def _front(grid: Grid, name: str) -> dict[int, str]:
    done = [row for row in grid.rows if grid.sample(row, name) and spending.images(grid, row)]
    cost = [float(np.mean(list(spending.images(grid, row).values()))) for row in done]
    value = [float(np.mean(list(grid.sample(row, name).values()))) for row in done]
    on_it = spending.front(cost, value if is_more_better(name) else np.negative(value))
    return {id(row): "yes" if one else "no" for row, one in zip(done, on_it, strict=True)}


def _spread(lines: list[Line], column: Column, of: Callable[[Choice], str | Cell]) -> Filled:
    """An entry for every measured line that has a row, and nothing beside the others."""
    entries: list[str | Cell] = []
    for line in lines:
        entries.append("" if line.row is None else of(line.row))
        entries += ["", ""] if line.printed is not None else []
    return Filled(column, entries)
