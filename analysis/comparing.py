"""Rows less the row that each is compared with, seed by seed, with intervals and tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.columns import Filled
from analysis.grid import LEVEL, Grid
from analysis.table import Cell, Column, measured, missing
from frlib.records.select import Choice
from frlib.stats.intervals import mean_interval
from frlib.stats.paired import holm, paired_t

DIFFERENCE, P = "difference/", "p/"
"""Before the name of a metric: keys of columns."""
LEAST_P = 0.001
"""Smaller p-values are shown as this one."""


@dataclass(frozen=True)
class Rival:
    """Whom a row is compared with.

    along: axes on which a row and its rival may differ. of(group, row): the rival among rows that
    agree on all other axes. words(row): what it is called.
    """

    along: tuple[str, ...]
    of: Callable[[list[Choice], Choice], Choice | None]
    words: Callable[[Choice], str]


def groups(grid: Grid, along: Sequence[str]) -> list[list[Choice]]:
    """Rows that agree on all axes but these, in the order of the grid."""
    found: dict[tuple[Any, ...], list[Choice]] = {}
    for row in grid.rows:
        key = tuple(row.shown.get(axis) for axis in grid.axes if axis not in along)
        found.setdefault(key, []).append(row)
    return list(found.values())


def columns(grid: Grid, name: str, rival: Rival, whom: str = "") -> list[Filled]:
    """Differences in points, and p-values of two-sided paired t tests, Holm-corrected in a group.

    Rows of a group need not be neighbours in the grid. whom: the rival in keys and headings, of a
    table that has another one beside.
    """
    key, words = (f"/{whom}", f" from {whom}") if whom else ("", "")
    differences: dict[int, Cell] = {}
    tests: dict[int, Cell] = {}
    for group in groups(grid, rival.along):
        found = [_difference(grid, row, rival.of(group, row), name, rival) for row in group]
        compared = [at for at, (cell, _) in enumerate(found) if cell.value is not None]
        adjusted = holm([found[at][1] for at in compared])
        p = dict(zip(compared, adjusted.tolist(), strict=True))
        for at, (row, (cell, _)) in enumerate(zip(group, found, strict=True)):
            differences[id(row)] = cell
            tests[id(row)] = _test(cell, p.get(at, np.nan))
    return [
        Filled(
            Column(f"{DIFFERENCE}{name}{key}", f"difference of {name}{words}", 100.0, "points", 1),
            [differences[id(row)] for row in grid.rows],
        ),
        Filled(Column(f"{P}{name}{key}", "p", digits=3), [tests[id(row)] for row in grid.rows]),
    ]


def _difference(
    grid: Grid, row: Choice, other: Choice | None, name: str, rival: Rival
) -> tuple[Cell, float]:
    """The difference with its interval, and the p-value before correction."""
    if row.arm is None:
        return missing(row.missing), np.nan
    if other is row:
        return missing("the reference"), np.nan
    if other is None or other.arm is None:
        return missing(f"no result of {rival.words(row)} to compare with"), np.nan
    mine, theirs = grid.sample(row, name), grid.sample(other, name)
    shared = sorted(set(mine) & set(theirs))
    if not shared:
        return missing(f"no seed is complete here and for {rival.words(row)}"), np.nan
    a, b = ([one[seed] for seed in shared] for one in (mine, theirs))
    interval = mean_interval(np.subtract(a, b), LEVEL)
    return measured(interval), paired_t(a, b).p


def _test(difference: Cell, p: float) -> Cell:
    if difference.value is None:
        return missing(difference.note)
    if not np.isfinite(p):
        return missing("no test: fewer than two seeds, or differences without spread")
    return Cell(p) if p >= LEAST_P else Cell(LEAST_P, note="or less")
