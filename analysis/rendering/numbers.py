"""Numbers and notes as a reader sees them, in whatever form a table is written.

Rounding happens here. A half-width is shown with one significant digit, with two where it begins
below 3.55 (the Particle Data Group's rule), and its value with as many decimals: more would claim
what the interval does not support. A column's own decimals are exceeded by two at most: a width
below that is of numbers that hardly differ.
"""

import math
from collections.abc import Callable

from analysis.table import Cell, Column, Table

_ROUNDING = 1e-12
_MORE_DECIMALS = 2
_TWO_DIGITS_BELOW = 3.55


def number(cell: Cell, column: Column) -> str:
    """`87.3 ± 0.8`, `99.28`, or a dash: the number as a reader sees it, without mark and note.

    What rounds to 0 has no sign.
    """
    if cell.value is None:
        return "—"
    value = cell.value * column.scale
    if cell.half_width is None:
        return f"{value:z.{column.digits if cell.digits is None else cell.digits}f}"
    half = cell.half_width * column.scale
    places = decimals(half, column.digits)
    return f"{value:z.{places}f} ± {half:.{places}f}"


def decimals(half_width: float, otherwise: int) -> int:
    """Decimals that show one significant digit of `half_width`, two where it begins below 3.55.

    What is left of equal numbers after rounding is no width.
    """
    if not half_width > _ROUNDING:
        return otherwise
    exponent = math.floor(math.log10(half_width))
    first = half_width / 10.0**exponent
    wanted = -exponent + (1 if first < _TWO_DIGITS_BELOW else 0)
    return min(max(wanted, 0), otherwise + _MORE_DECIMALS)


class Notes:
    """Numbers equal notes alike, in order of appearance."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def mark(self, note: str) -> str:
        """` [2]` after what the note is about; nothing for no note."""
        if not note:
            return ""
        if note not in self.texts:
            self.texts.append(note)
        return f" [{self.texts.index(note) + 1}]"


def rows(
    table: Table, notes: Notes, bold: Callable[[str], str], escape: Callable[[str], str]
) -> list[list[str]]:
    """Every entry in words, the best in `bold`, with the mark of its note."""
    return [
        [
            _shown(entry, column, notes, bold, escape)
            for entry, column in zip(row, table.columns, strict=True)
        ]
        for row in table.rows
    ]


def _shown(
    entry: str | Cell,
    column: Column,
    notes: Notes,
    bold: Callable[[str], str],
    escape: Callable[[str], str],
) -> str:
    if isinstance(entry, str):
        return escape(entry)
    text = escape(number(entry, column))
    return (bold(text) if entry.best else text) + notes.mark(entry.note)
