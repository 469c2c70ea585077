"""Reports for people: one table, then what the variants mean and what to know."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from frlib.evaluate.report import Report, Row

_NO_SHARES = ("threshold", "auc", "skewed_error_ratio")
_NARROWEST = 130


def reports(found: Sequence["Report"]) -> None:
    """One table of all rows, marks as numbered notes below it; never folded for a narrow screen."""
    console = Console(highlight=False)
    console.width = max(console.width, _NARROWEST)
    notes: dict[str, int] = {}
    grid = Table(box=None, pad_edge=False)
    for name in ("protocol", "variant", "metric", "value", "95 % interval", "drawn", "n", "note"):
        right = name in ("value", "n")
        grid.add_column(name, no_wrap=True, justify="right" if right else "left")
    for row in (row for report in found for row in report.rows):
        note = str(notes.setdefault(row.mark, len(notes) + 1)) if row.mark else ""
        grid.add_row(
            row.protocol,
            row.variant,
            row.metric,
            _number(row, row.value),
            _interval(row),
            row.interval.removeprefix("bootstrap over ").removeprefix("exact "),
            f"{row.n:,}",
            note,
        )
    console.print(grid)
    lines = [f"note {number}: {text}" for text, number in notes.items()]
    for report in found:
        lines.append(f"{report.title}: colour order {report.about.get('colour') or 'not known'}")
    for variant, about in _variants(found).items():
        facts = "; ".join(f"{key}: {value}" for key, value in about.items())
        lines.append(f"{variant}: {facts}")
    for report in found:
        lines += [f"WARNING {report.title}: {warning}" for warning in report.warnings]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


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
