"""Build the table that a study names, from its records, and write it beside them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import render
from analysis.grid import Grid
from analysis.table import Table
from frlib.core import discover
from frlib.records import halted, layout, published, read
from frlib.records.read import Records

PUBLISHED = Path(__file__).parents[1] / "studies" / "published"


def from_records(records: Records, table: str = "") -> Table:
    """The table of this name, else that of `study["table"]`. Nothing is written.

    Its caption says why arms were left out, where the last call of run did that.
    """
    name = table or str(records.study.get("table") or "study")
    module = discover.load("analysis.tables", name)
    built = module.build(records, _published(str(records.study.get("published") or "")))
    assert isinstance(built, Table), f"{module.__name__}.build must return a Table"
    why = halted.read(records.folder)
    told = "" if why is None else f" Not all of it has run: {why}."
    return replace(built, caption=built.caption + told, has_gap=built.has_gap or _has_gap(records))


def _has_gap(records: Records) -> bool:
    grid = Grid.of(records)
    standing = {row.arm.digest for row in grid.rows if row.arm is not None}
    if len(standing) < len(grid.rows):
        return True
    names = grid.matching(tuple(records.study["report"]))
    found = records.finals[["arm", "name"]][np.isfinite(records.finals["value"])]
    found = found[found["name"].isin(names) & found["arm"].isin(standing)]
    return len(found.drop_duplicates()) < len(standing) * len(names)


def build(name: str, store: Path, table: str = "") -> Table:
    """Build a study's table and write it in every form into `<store>/studies/<name>/tables`.

    table: another than the study names. `RecordError` when there is no such study, or its records
    are damaged.
    """
    folder = layout.find_study(store, name)
    built = from_records(read.load(folder), table)
    render.write(built, folder / "tables")
    return built


def _published(name: str) -> pd.DataFrame | None:
    return published.load(PUBLISHED / f"{name}.csv") if name else None
