"""Weights of BoundaryFace's gap, by noise and number of classes: which leads, and by how much.

A row is compared with one other, seed by seed, on the same values of all other axes:

    another λ, or no floor      with λ = π, as published
    the list of several epochs  with the list of the last one
    the list of the last epoch  with λ = π, which corrects while it trains
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis import columns, comparing
from analysis.columns import METHOD, Filled
from analysis.comparing import Rival
from analysis.grid import ALPHA, Grid
from analysis.table import Cell, Column, Table, missing
from frlib.records.read import Records
from frlib.records.select import Choice
from frlib.stats.paired import best_of

TITLE = "The weight of BoundaryFace's gap"
RULE, NOISE, LAM = "clean", "noise.closed.ratio", "lam"
NOBODY, PUBLISHED, UNFLOORED, LIST = "none", "BoundaryFace (λ=π)", "no floor", "BoundaryFace list"
"""Labels, as the heads and rules give them."""
FOUND = (("precision", "precision of corrections"), ("recall", "recall of corrections"))


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: the study's cells. `RecordError` when the study has no axis of heads or of rules."""
    grid = Grid.of(records)
    columns.require_axes(grid, "boundary_lambda", METHOD, RULE)
    names = grid.matching(tuple(records.study["report"]))
    filled = [
        *columns.axes(grid),
        Filled(Column(LAM, "λ", digits=2), [_lam(row) for row in grid.rows]),
        _standings(grid, names[0]),
        *columns.report(grid, names, METHOD),
        Filled(Column("reference", "compared with"), [_reference_words(row) for row in grid.rows]),
        *(column for name in names for column in comparing.columns(grid, name, _RIVAL)),
        *(_found(grid, *told) for told in FOUND),
        columns.cost(grid),
        columns.seeds(grid),
    ]
    heads, rows = columns.assemble(filled)
    extra = (
        f"Among λ: of {names[0]}, of the heads with floor; the highest mean is called the best λ "
        "where it beats every other λ in a paired t test over seeds, Holm-corrected, and others "
        "are called lower where that test shows them to be.",
        "Difference: the row less the one it is compared with, seed by seed; p is of a two-sided "
        "paired t test, Holm-corrected over all comparisons with the same other axes.",
        f"A {LIST} is of the corrections of λ=π; ArcFace is trained on what it leaves.",
        *_held_out(grid),
    )
    title = f"{TITLE}: {records.study['name']}"
    return Table("boundary_lambda", title, columns.caption(grid, METHOD, extra), heads, rows)


def is_weight(row: Mapping[str, Any]) -> bool:
    """Whether a row (label on every axis) is one of the λ that are compared."""
    return row[RULE] == NOBODY and UNFLOORED not in str(row[METHOD])


def _is_reference(shown: Mapping[str, Any]) -> bool:
    return (shown[RULE], shown[METHOD]) == (NOBODY, PUBLISHED)


def _lam(row: Choice) -> Cell:
    if row.arm is None:
        return missing(row.missing)
    lam = row.arm.config["head"].get("lam")
    return missing("ArcFace has no λ") if lam is None else Cell(float(lam))


def _standings(grid: Grid, name: str) -> Filled:
    words = {
        id(row): said
        for group in comparing.groups(grid, (METHOD, RULE))
        for row, said in zip(group, _standing(grid, group, name), strict=True)
    }
    return Filled(Column("standing", "among λ"), [words[id(row)] for row in grid.rows])


def _standing(grid: Grid, group: list[Choice], name: str) -> list[str]:
    samples = {
        str(at): grid.sample(row, name) for at, row in enumerate(group) if is_weight(row.shown)
    }
    seeds = sorted({seed for sample in samples.values() for seed in sample})
    ranking = best_of(
        {at: [one.get(seed, np.nan) for seed in seeds] for at, one in samples.items()}, alpha=ALPHA
    )

    def words(at: str) -> str:
        if at not in ranking.order:
            return ""
        if at == ranking.order[0]:
            return "best" if ranking.best else "highest mean"
        return "not shown to differ" if at in ranking.tied else "lower"

    return [words(str(at)) for at in range(len(group))]


def _reference_words(row: Choice) -> str:
    if _is_reference(row.shown):
        return ""
    return "the last epoch's list" if _is_of_several(row.shown) else "λ=π"


def _is_of_several(shown: Mapping[str, Any]) -> bool:
    return str(shown[RULE]).startswith(f"{LIST} (")


def _reference(group: list[Choice], row: Choice) -> Choice | None:
    if _is_of_several(row.shown):
        alike = [one for one in group if one.shown[RULE] == LIST]
        return next((one for one in alike if one.shown[METHOD] == row.shown[METHOD]), None)
    return next((one for one in group if _is_reference(one.shown)), None)


def _found(grid: Grid, part: str, title: str) -> Filled:
    """Of the last epoch's corrections, or of the list that was applied."""
    cells = [
        grid.cell(row, f"{'corrections' if row.shown[RULE] == NOBODY else 'cleaning'}/{part}")
        for row in grid.rows
    ]
    return Filled(Column(part, title, scale=100.0, unit="%", digits=1), cells)


def _held_out(grid: Grid) -> list[str]:
    """What the people of the source are not trained on."""
    configs = [row.arm.config for row in grid.rows if row.arm is not None]
    shares = {float(c.get("data", {}).get("holdout", {}).get("fraction", 0.0)) for c in configs}
    held = sorted(share for share in shares if share)
    told = " or ".join(f"{100 * share:g} %" for share in held)
    return [f"Of the people, {told} are held out to select on and not trained on."] if held else []


_RIVAL = Rival((METHOD, RULE), _reference, _reference_words)
