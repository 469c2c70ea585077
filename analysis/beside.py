"""Published numbers beside the rows of a study, and what was won back as published."""

from collections.abc import Callable, Mapping
from typing import Any

from analysis import answers
from analysis.columns import Filled
from analysis.grid import Grid
from analysis.recovery import Baseline
from analysis.table import Cell, Column, missing
from frlib.records.select import Choice

BENCHMARK = "LFW"
"""The one benchmark that all published tables share."""

Find = Callable[[Choice, Mapping[str, Any]], Cell]


def beside(grid: Grid, baseline: Baseline, find: Find) -> list[Filled]:
    """Columns `published` and `published_recovery`.

    find: the published number for a row, had it these values on the axes.
    """
    values, regained = [], []
    for row in grid.rows:
        noisy = {**row.shown, **baseline.labels}
        found = find(row, row.shown)
        why = baseline.undefined(row.shown)
        references = (find(row, noisy), find(row, {**noisy, **baseline.clean}))
        values.append(found)
        regained.append(
            missing(why) if why else answers.recovery(found, *references, baseline.name)
        )
    return [
        Filled(Column("published", f"published {BENCHMARK}", scale=100.0, unit="%"), values),
        Filled(Column("published_recovery", "published recovery"), regained),
    ]
