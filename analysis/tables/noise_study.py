"""Methods under label flips: accuracy, recovery, corrections, cost, and the published answer.

Recovery is defined in `analysis.recovery`, its reference is ArcFace at the same values of all
other axes, and its accuracy is the first metric that the study reports.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis import answers, columns
from analysis.answers import Place
from analysis.columns import METHOD, Filled
from analysis.grid import Grid
from analysis.recovery import recovery
from analysis.table import Cell, Column, Table, missing
from frlib.core.errors import RecordError
from frlib.records.read import Records
from frlib.records.select import Choice

TITLE = "Methods under label noise"
NOISE = "noise.closed.ratio"
OUTLIERS = "noise.open.ratio"
REFERENCE = "ArcFace"
BENCHMARK = "LFW"
CORRECTIONS = ("corrections/precision", "corrections/recall", "corrections/relabel_accuracy")


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: method x flips (all axes in the study's order).

    `RecordError` when the study has no axis of methods or of label flips.
    """
    grid = Grid.of(records)
    lacking = [axis for axis in (METHOD, NOISE) if axis not in grid.axes]
    if lacking:
        raise RecordError(
            f"study {records.study['name']!r} has no axis {' and no axis '.join(lacking)} (axes: "
            f"{', '.join(grid.axes) or 'none'}), which the table noise_study compares along. Set "
            "table='study' in the study, the table for any axes."
        )
    names = grid.matching(tuple(records.study["report"]))
    scored = [name for name in CORRECTIONS if name in grid.names and name not in names]
    filled = [
        *columns.axes(grid),
        *columns.settings(grid),
        *columns.report(grid, names, METHOD),
        _recoveries(grid, names[0]),
        *_corrections(grid, scored),
        columns.cost(grid),
        columns.seeds(grid),
        *_published(grid, published),
    ]
    heads, rows = columns.assemble(filled)
    extra = (
        f"Recovery = (method under noise − {REFERENCE} under noise) / ({REFERENCE} without noise − "
        f"{REFERENCE} under noise), of {names[0]}, per seed: 1 is the clean result, 0 is "
        f"{REFERENCE}.",
        f"Published: {BENCHMARK} accuracy of models trained elsewhere on other data; compare the "
        "order of methods, not the level."
        if published is not None
        else "",
    )
    title = f"{TITLE}: {records.study['name']}"
    return Table("noise_study", title, columns.caption(grid, METHOD, extra), heads, rows)


def _recoveries(grid: Grid, name: str) -> Filled:
    column = Column("recovery", "recovery", digits=2)
    return Filled(column, [_recovery(grid, row, name) for row in grid.rows])


def _recovery(grid: Grid, row: Choice, name: str) -> Cell:
    without = _no_recovery(row.shown)
    if without:
        return missing(without)
    if row.arm is None:
        return missing(row.missing)
    noisy = _reference(grid, row, row.shown[NOISE])
    clean = _reference(grid, row, 0.0)
    for reference, words in ((noisy, "at this noise"), (clean, "without noise")):
        if reference is None or reference.arm is None:
            return missing(f"no result of {REFERENCE} {words} to compare with")
    assert noisy is not None and clean is not None
    return recovery(
        grid.sample(row, name), grid.sample(noisy, name), grid.sample(clean, name), REFERENCE
    )


def _no_recovery(shown: Mapping[str, Any]) -> str:
    if not shown[NOISE]:
        return "no noise to recover from"
    return f"{REFERENCE} is the reference: 0 by definition" if _is_reference(shown) else ""


def _is_reference(shown: Mapping[str, Any]) -> bool:
    return answers.same_method(str(shown[METHOD]), REFERENCE)


def _reference(grid: Grid, row: Choice, flips: float) -> Choice | None:
    others = {axis: value for axis, value in row.shown.items() if axis not in (METHOD, NOISE)}
    for one in grid.rows:
        same = all(one.shown.get(axis) == value for axis, value in others.items())
        if same and _is_reference(one.shown) and one.shown[NOISE] == flips:
            return one
    return None


def _corrections(grid: Grid, names: list[str]) -> list[Filled]:
    """Scores of the proposed labels; a method that never has any is told from one that failed."""
    proposing = {row.shown[METHOD] for row in grid.rows for n in names if grid.sample(row, n)}
    silent = missing("this method proposed no labels that could be scored")
    return [
        Filled(
            one.column,
            [
                entry if row.arm is None or row.shown[METHOD] in proposing else silent
                for entry, row in zip(one.entries, grid.rows, strict=True)
            ],
        )
        for one in columns.report(grid, names, METHOD)
    ]


def _published(grid: Grid, published: pd.DataFrame | None) -> list[Filled]:
    if published is None:
        return []
    values = [_value(published, row, str(row.shown[METHOD]), row.shown[NOISE]) for row in grid.rows]
    regained = []
    for row, found in zip(grid.rows, values, strict=True):
        why = _no_recovery(row.shown)
        noisy = _value(published, row, REFERENCE, row.shown[NOISE])
        clean = _value(published, row, REFERENCE, 0.0)
        regained.append(missing(why) if why else answers.recovery(found, noisy, clean, REFERENCE))
    return [
        Filled(Column("published", f"published {BENCHMARK}", scale=100.0, unit="%"), values),
        Filled(Column("published_recovery", "published recovery"), regained),
    ]


def _value(published: pd.DataFrame, row: Choice, label: str, closed: float) -> Cell:
    return answers.value(published, label, Place(closed, _outliers(row), BENCHMARK))


def _outliers(row: Choice) -> float:
    if OUTLIERS in row.shown:
        return float(row.shown[OUTLIERS])
    noise = row.arm.config.get("noise", {}) if row.arm else {}
    return float(noise.get("open", {}).get("ratio", 0.0))
