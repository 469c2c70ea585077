"""Methods under label flips: recovery, accuracy, corrections, cost, and the published answer.

Recovery is defined in `analysis.recovery`, its reference is ArcFace at the same values of all
other axes, and its accuracy is the first metric that the study reports.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis import answers, columns
from analysis.answers import Place
from analysis.beside import BENCHMARK, beside
from analysis.columns import METHOD, Filled
from analysis.grid import Grid
from analysis.recovery import Baseline
from analysis.table import Cell, Table, missing
from frlib.records.read import Records
from frlib.records.select import Choice

TITLE = "Methods under label noise"
NOISE = "noise.closed.ratio"
OUTLIERS = "noise.open.ratio"
REFERENCE = "ArcFace"
BASELINE = Baseline({METHOD: REFERENCE}, {NOISE: 0.0}, REFERENCE)
CORRECTIONS = ("corrections/precision", "corrections/recall", "corrections/relabel_accuracy")


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: method x flips (all axes in the study's order).

    `RecordError` when the study has no axis of methods or of label flips.
    """
    grid = Grid.of(records)
    columns.require_axes(grid, "noise_study", METHOD, NOISE)
    names = grid.matching(tuple(records.study["report"]))
    scored = [name for name in CORRECTIONS if name in grid.names and name not in names]
    filled = [
        *columns.axes(grid),
        *columns.settings(grid),
        BASELINE.column(grid, names[0]),
        *columns.report(grid, names, METHOD),
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

    def find(row: Choice, shown: Mapping[str, Any]) -> Cell:
        place = Place(shown[NOISE], _outliers(row), BENCHMARK)
        return answers.value(published, str(shown[METHOD]), place)

    return beside(grid, BASELINE, find)


def _outliers(row: Choice) -> float:
    if OUTLIERS in row.shown:
        return float(row.shown[OUTLIERS])
    noise = row.arm.config.get("noise", {}) if row.arm else {}
    return float(noise.get("open", {}).get("ratio", 0.0))
