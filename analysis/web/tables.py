"""A `Table` as HTML: caption, scope, notes with links both ways, values to sort by."""

from collections.abc import Sequence
from html import escape

from analysis.rendering.numbers import number
from analysis.table import Cell, Column, Table
from analysis.web.markup import breakable, scrolled

_SHORT = 32
"""Letters of a name that stay on one line."""


def semantic(table: Table) -> str:
    """The table in a region that scrolls, and its notes below.

    `data-value` of a cell is its value in base units, which says more than what is shown.
    """
    notes = _Notes(table.name)
    numeric = table.numeric
    names = _naming(table, numeric)
    heads = "".join(
        f'<th scope="col"{_kind(is_number)}>{_heading(column)}</th>'
        for column, is_number in zip(table.columns, numeric, strict=True)
    )
    rows = []
    for row in table.rows:
        pairs = list(zip(row, table.columns, strict=True))
        named = "".join(_named(entry) for entry, _ in pairs[:names])
        rest = "".join(_entry(entry, column, notes) for entry, column in pairs[names:])
        rows.append(f"<tr>{named}{rest}</tr>")
    label = f"{table.name}-caption"
    body = "\n".join(rows)
    return (
        scrolled(
            label,
            f'<table class="sortable results"><caption id="{label}">{escape(table.title)}'
            f"</caption><thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table>",
        )
        + f'<p class="soft">{escape(table.caption)}</p>'
        + notes.listed()
    )


class _Notes:
    """Numbers equal notes alike, and leads from a note back to where it is first called."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._numbers: dict[str, int] = {}

    def mark(self, note: str) -> str:
        if not note:
            return ""
        first = note not in self._numbers
        number = self._numbers.setdefault(note, len(self._numbers) + 1)
        back = f' id="{self._name}-call-{number}"' if first else ""
        return (
            f'<sup><a href="#{self._name}-note-{number}"{back} '
            f'aria-label="Note {number}">{number}</a></sup>'
        )

    def listed(self) -> str:
        if not self._numbers:
            return ""
        items = "".join(
            f'<li id="{self._name}-note-{number}">{escape(text)} '
            f'<a href="#{self._name}-call-{number}" aria-label="Back to the table">↑</a></li>'
            for text, number in self._numbers.items()
        )
        return f'<ol class="notes" aria-label="Notes of the table">{items}</ol>'


def _naming(table: Table, numeric: Sequence[bool]) -> int:
    """How many columns name a row: those before the first number and before what was chosen."""
    ends = (number or key == "settings" for number, key in zip(numeric, table.keys, strict=True))
    return max(next((at for at, is_end in enumerate(ends) if is_end), len(numeric)), 1)


def _heading(column: Column) -> str:
    return breakable(column.heading)


def _kind(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _named(entry: str | Cell) -> str:
    text = entry if isinstance(entry, str) else ""
    kind = ' class="short"' if len(text) <= _SHORT else ""
    return f'<th scope="row"{kind}>{escape(text)}</th>'


def _entry(entry: str | Cell, column: Column, notes: _Notes) -> str:
    if isinstance(entry, str):
        return f'<td class="text">{escape(entry)}</td>'
    shown = escape(number(entry, column))
    marked = f"<strong>{shown}</strong>" if entry.best else shown
    value = "" if entry.value is None else f"{entry.value:.10g}"
    return (
        f'<td class="number {entry.origin}" data-value="{value}">{marked}{notes.mark(entry.note)}'
        "</td>"
    )
