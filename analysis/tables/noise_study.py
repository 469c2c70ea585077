"""Methods under label flips: accuracy, recovery, corrections, cost, and the published answer beside.

Recovery is defined in `analysis.recovery`, its reference is ArcFace at the same values of all
other axes, and its accuracy is the first metric that the study reports.
"""

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
        "order of methods, not the level." if published is not None else "",
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
    noisy = grid.row_at({**row.shown, METHOD: REFERENCE})
    clean = grid.row_at({**row.shown, METHOD: REFERENCE, NOISE: _clean(grid)})
    for reference, words in ((noisy, "at this noise"), (clean, "without noise")):
        if reference is None or reference.arm is None:
            return missing(f"no result of {REFERENCE} {words} to compare with")
    assert noisy is not None and clean is not None
    return recovery(
        grid.sample(row, name), grid.sample(noisy, name), grid.sample(clean, name), REFERENCE
    )


def _no_recovery(shown: Any) -> str:
    if not shown[NOISE]:
        return "no noise to recover from"
    return f"{REFERENCE} is the reference: 0 by definition" if shown[METHOD] == REFERENCE else ""


def _clean(grid: Grid) -> Any:
    return next((r.shown[NOISE] for r in grid.rows if not r.shown[NOISE]), 0.0)


def _corrections(grid: Grid, names: list[str]) -> list[Filled]:
    filled = columns.report(grid, names, METHOD)
    for one, name in zip(filled, names, strict=True):
        cells = list(one.entries)
        for number, row in enumerate(grid.rows):
            makes_some = any(grid.sample(other, name) for other in grid.rows
                             if other.shown[METHOD] == row.shown[METHOD])
            if row.arm is not None and not makes_some:
                cells[number] = missing("this method proposes no labels")
        yield_ = Filled(one.column, cells)
        filled[filled.index(one)] = yield_
    return filled


def _published(grid: Grid, published: pd.DataFrame | None) -> list[Filled]:
    if published is None:
        return []
    values = [_value(published, row, row.shown[METHOD], row.shown[NOISE]) for row in grid.rows]
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
