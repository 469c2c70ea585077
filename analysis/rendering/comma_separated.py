"""CSV: numbers as exact as they are useful, with everything that is known of each."""

import csv
import io

from analysis.table import Cell, Table


def csv_text(table: Table) -> str:
    """One line a row; a column of numbers has its half-width, n, origin, mark and note beside it.

    Numbers are in base units (shares, seconds) with ten significant digits.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    heads: list[str] = []
    for column, number in zip(table.columns, table.numeric, strict=True):
        heads.append(column.key)
        if number:
            parts = ("half_width", "n", "origin", "best", "note")
            heads += [f"{column.key}:{part}" for part in parts]
    writer.writerow(heads)
    for row in table.rows:
        line: list[str] = []
        for entry, number in zip(row, table.numeric, strict=True):
            line += _entry(entry, number)
        writer.writerow(line)
    return out.getvalue()


def _entry(entry: str | Cell, number: bool) -> list[str]:
    if isinstance(entry, str):
        return [entry, *([""] * 5 if number else [])]
    return [
        _exact(entry.value),
        _exact(entry.half_width),
        "" if entry.n is None else str(entry.n),
        entry.origin,
        "yes" if entry.best else "",
        entry.note,
    ]


def _exact(value: float | None) -> str:
    return "" if value is None else format(value, ".10g")
