"""Build the table that a study names, from its records, and write it beside them."""

from pathlib import Path

import pandas as pd

from analysis import render
from analysis.table import Table
from frlib.core import discover
from frlib.records import layout, published, read
from frlib.records.read import Records

PUBLISHED = Path(__file__).parents[1] / "studies" / "published"


def from_records(records: Records) -> Table:
    """The table of `study["table"]`. Nothing is written."""
    module = discover.load("analysis.tables", str(records.study.get("table") or "study"))
    table = module.build(records, _published(str(records.study.get("published") or "")))
    assert isinstance(table, Table), f"{module.__name__}.build must return a Table"
    return table


def build(name: str, store: Path) -> Table:
    """Build a study's table and write it as `<store>/studies/<name>/tables/<table>.{md,csv,tex,html}`.

    `RecordError` when there is no such study, or its records are damaged.
    """
    folder = layout.find_study(store, name)
    table = from_records(read.load(folder))
    render.write(table, folder / "tables")
    return table


def _published(name: str) -> pd.DataFrame | None:
    return published.load(PUBLISHED / f"{name}.csv") if name else None
