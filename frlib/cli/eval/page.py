"""Reports for people: rows under their variant, then what marks, intervals and variants mean."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from frlib.evaluate.report import Report, Row

_NO_SHARES = ("threshold", "auc", "skewed_error_ratio")
_HEADER = ("", "value", "95 % interval", "n", "note")
_RIGHT = ("value", "n")


def reports(found: Sequence["Report"]) -> None:
    """All rows, marks and kinds of interval as notes below them; 80 columns are enough."""
    console = Console(highlight=False)
    notes: dict[str, str] = {}
    rows = [row for report in found for row in report.rows]
    grid = [_HEADER, *(_cells(row, notes) for row in rows)]
    widths = [max(len(cells[at]) for cells in grid) for at in range(len(_HEADER))]
    lines = [_line(_HEADER, widths)]
    numbered = zip(rows, grid[1:], strict=True)
    for (protocol, variant), group in groupby(
        numbered, lambda one: (one[0].protocol, one[0].variant)
    ):
        lines.append(f"{protocol}  {variant}")
        lines += [_line(cells, widths) for _, cells in group]
    lines.append("")
    lines += [f"note {name}: {text}" for text, name in notes.items()]
    for report in found:
        lines.append(f"{report.title}: colour order {report.about.get('colour') or 'not known'}")
        if "sides" in report.about:
            sides, spaces = report.about["sides"], report.about["spaces"]
            told_sides = (f"{side} {sides[side]} ({spaces[side]})" for side in sides)
            lines.append(f"{report.title}: {', '.join(told_sides)}")
    told: dict[str, list[str]] = {}
    for variant, about in _variants(found).items():
        facts = "; ".join(f"{key}: {value}" for key, value in about.items())
        told.setdefault(facts, []).append(variant)
    lines += [f"{', '.join(variants)}: {facts}" for facts, variants in told.items()]
    for report in found:
        lines += [f"WARNING {report.title}: {warning}" for warning in report.warnings]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def _cells(row: "Row", notes: dict[str, str]) -> tuple[str, ...]:
    """notes: numbers by text, of intervals and marks; new ones are added."""
    own = [_noted(text, notes) for text in (row.interval, row.mark) if text]
    metric = f"  {row.metric or 'not defined'}"
    return metric, _number(row, row.value), _interval(row), f"{row.n:,}", " ".join(own)


def _noted(text: str, notes: dict[str, str]) -> str:
    return notes.setdefault(text, str(len(notes) + 1))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Columns two blanks apart."""
    padded = (
        cell.rjust(width) if name in _RIGHT else cell.ljust(width)
        for name, cell, width in zip(_HEADER, cells, widths, strict=True)
    )
    return "  ".join(padded).rstrip()


def _variants(found: Sequence["Report"]) -> dict[str, dict[str, str]]:
    known: dict[str, dict[str, str]] = {}
    for report in found:
        known |= report.about.get("variants", {})
    return known


def _interval(row: "Row") -> str:
    if row.low is None or row.high is None:
        return ""
    return f"{_number(row, row.low)} to {_number(row, row.high)}"


def _number(row: "Row", value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if row.metric in _NO_SHARES else f"{100 * value:.2f} %"
