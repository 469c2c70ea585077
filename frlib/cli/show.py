"""How values are printed: rich tables for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from frlib.core.config import flatten
from frlib.launch.mirror import Outcome
from frlib.study.plan import Plan
from frlib.study.schema import Study

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


def study(value: Study) -> None:
    """A study for people: question, design, base run."""
    console.print(f"[bold]{value.name}[/bold]\n{value.question.strip()}\n")
    for path, values in value.axes.items():
        console.print(f"axis    {path}: {', '.join(_name(v) for v in values)}")
    for path, distribution in value.space.items():
        text = ", ".join(f"{k}={v}" for k, v in distribution.model_dump().items())
        console.print(f"search  {path}: {text}")
    for part in ("search", "pruning", "replicates", "selection", "budget", "resources"):
        text = ", ".join(f"{k}={v}" for k, v in flatten(getattr(value, part)))
        console.print(f"{part:8}{text}")
    console.print(f"report  {', '.join(value.report)}\n")
    for path, leaf in flatten(value.base):
        console.print(f"base.{path} = {leaf}")


def _name(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return "+".join(_name(one) for one in value)
    return str(getattr(value, "name", value))


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
        console.print(f"MLflow   mlflow ui --backend-store-uri {mirror.uri}", soft_wrap=True)
    elif mirror.uri:
        console.print(f"MLflow   {mirror.uri}", soft_wrap=True)
