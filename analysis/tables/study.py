"""Any study: its axes, the settings that were found, and what it reports."""

import pandas as pd

from analysis import columns
from analysis.grid import Grid
from analysis.table import Table
from frlib.records.read import Records

TITLE = "Results"


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: the study's cells. Columns: axes, settings, report metrics, time, seeds."""
    grid = Grid.of(records)
    over = columns.method_axis(grid)
    names = grid.matching(tuple(records.study["report"]))
    filled = [
        *columns.axes(grid),
        *columns.settings(grid),
        *columns.report(grid, names, over),
        columns.cost(grid),
        columns.seeds(grid),
    ]
    heads, rows = columns.assemble(filled)
    title = f"{TITLE} of the study {records.study['name']}"
    return Table("study", title, columns.caption(grid, over), heads, rows)
