"""How values are printed: rich tables for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from frlib.launch.mirror import Outcome
from frlib.study.plan import Plan

console = Console(highlight=False)


def rows(found: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """One line per mapping, columns from the keys of the first."""
    if as_json:
        print(json.dumps(list(found), indent=1, ensure_ascii=False))
        return
    grid = RichTable(box=None, pad_edge=False)
    for key in found[0] if found else ():
        grid.add_column(key, overflow="fold")
    for row in found:
        grid.add_row(*(str(value) for value in row.values()))
    console.print(grid)


def table(value: Any) -> None:
    """A rebuilt table, as Markdown so that it can be pasted anywhere."""
    from analysis.render import markdown

    print(markdown(value))


def where(value: Plan, mirror: Outcome) -> None:
    """Where everything is, and how to look at it."""
    name = value.study.name
    console.print(f"Records  {value.folder}", soft_wrap=True)
    console.print(f"Table    {value.folder / 'tables'}", soft_wrap=True)
    if mirror.error is not None:
        console.print(f"[yellow]MLflow   not everything was sent: {mirror.error}[/yellow]")
        console.print(f"         the records are whole; later: frlib track sync {name}")
    elif mirror.uri.startswith("sqlite"):
        console.print(
            f"MLflow   mlflow ui --backend-store-uri {mirror.uri}{registered(mirror)}",
            soft_wrap=True,
        )
    elif mirror.uri:
        console.print(f"MLflow   {mirror.uri}{registered(mirror)}", soft_wrap=True)


def registered(mirror: Outcome) -> str:
    """What has been added to the registry, as it ends a line; empty for nothing."""
    found = mirror.registered
    if not found.models:
        return ""
    return f"; models registered: {found.models}, {found.size / 2**20:.1f} MiB"
