"""The table of `frlib cluster doctor`: what was found, what was expected, what to do."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from frlib.cli.show import console
from frlib.core.secrets import redacted
from frlib.doctor.report import Finding, Report, worst

_MARKS = {
    "ok": "[green]OK[/green]",
    "warning": "[yellow]warning[/yellow]",
    "failure": "[red]failure[/red]",
}
_SAID = {
    "ok": "Nothing stands in the way of a study.",
    "warning": "Studies will run; the warnings say what to mind.",
    "failure": "A study would fail.",
}


def show(report: Report, found: Sequence[Finding]) -> None:
    """Worst last: it is what a reader sees first."""
    place = redacted(report.address) or "this machine"
    console.print(f"[bold]{escape(place)}[/bold]", soft_wrap=True)
    grid = Table(box=None, pad_edge=False, header_style="")
    grid.add_column("", no_wrap=True)
    grid.add_column("check", no_wrap=True)
    grid.add_column("where", overflow="fold", max_width=36)
    grid.add_column("found, expected, what to do", overflow="fold")
    for one in sorted(found, key=lambda one: list(_MARKS).index(one.level)):
        grid.add_row(_MARKS[one.level], one.check, escape(_short(one.where)), escape(_text(one)))
    console.print(grid)
    console.print(_SAID[worst(list(found))])


def _text(one: Finding) -> str:
    expected = f"; expected: {one.expected}" if one.expected and one.level != "ok" else ""
    advice = f". {one.advice[0].upper()}{one.advice[1:]}" if one.advice else ""
    return f"{one.found}{expected}{advice}"


def _short(where: str) -> str:
    places = where.split(", ")
    return where if len(places) <= 3 else f"{', '.join(places[:2])} and {len(places) - 2} more"
