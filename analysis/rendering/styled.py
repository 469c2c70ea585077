"""A table for notebooks: a pandas frame of its numbers, and a Styler that shows it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from analysis.rendering.numbers import number
from analysis.table import Cell, Column, Table

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

_BOLD = "font-weight: bold"


def frame(table: Table) -> pd.DataFrame:
    """Numbers in base units (NaN where missing) and texts, under the keys of the columns."""
    return _every(table, lambda entry, _: entry.value if isinstance(entry, Cell) else entry)


def styled(table: Table) -> "Styler":
    """As the other forms show it; notes appear under the pointer, the best are bold."""
    shown = _every(
        table, lambda entry, column: number(entry, column) if isinstance(entry, Cell) else entry
    )
    notes = _every(table, lambda entry, _: entry.note if isinstance(entry, Cell) else "")
    bold = _every(table, lambda entry, _: _BOLD if isinstance(entry, Cell) and entry.best else "")
    right = [key for key, is_number in zip(table.keys, table.numeric, strict=True) if is_number]
    return (
        shown.style.set_uuid(table.name)
        .hide(axis="index")
        .relabel_index([column.heading for column in table.columns], axis="columns")
        .apply(lambda _: bold, axis=None)
        .set_properties(subset=right, **{"text-align": "right"})
        .set_tooltips(notes, as_title_attribute=True)
        .set_caption(f"{table.title}. {table.caption}")
    )


def _every(table: Table, of: Callable[[str | Cell, Column], object]) -> pd.DataFrame:
    rows = [[of(*pair) for pair in zip(row, table.columns, strict=True)] for row in table.rows]
    return pd.DataFrame(rows, columns=list(table.keys))
