"""`list` and `show` for a package whose modules are choices; read from the modules themselves."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import typer
from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from frlib.cli.options import Json
from frlib.core import reference
from frlib.core.reference import FieldRow, Page

_INDENT = 4
_GAP = 2
_COLUMNS = ("field", "default", "unit", "search")
PLACE = "Does not change the result."


def noun(name: str, package: str, help_: str) -> typer.Typer:
    """The commands of one kind of part."""
    app = typer.Typer(name=name, help=help_, no_args_is_help=True)

    @app.command("list")
    def list_(as_json: Json = False) -> None:
        """List what there is."""
        found = reference.pages(package)
        if as_json:
            print_json([as_dict(page) for page in found])
        else:
            print_list(found, Console(highlight=False))

    @app.command("show")
    def show(choice: str, as_json: Json = False) -> None:
        """Show a choice: what it computes, its fields, units, defaults and sources."""
        found = reference.page(package, choice)
        if as_json:
            print_json(as_dict(found))
        else:
            print_page(found, Console(highlight=False))

    return app


def as_dict(page: Page) -> dict[str, Any]:
    """A page as plain JSON types; defaults and search spaces are values, not texts."""
    return {
        "name": page.name,
        "title": page.title,
        "summary": page.summary,
        "text": page.text,
        "source": page.paper.where if page.paper else "",
        "url": page.paper.url if page.paper else "",
        "fields": [
            {
                "field": row.name,
                "required": row.required,
                "default": to_jsonable_python(row.default),
                "unit": row.unit,
                "meaning": row.meaning,
                "source": row.source,
                "search": row.space.model_dump(mode="json") if row.space else None,
                "changes_result": not row.is_place,
            }
            for row in page.fields
        ],
    }


def print_list(pages: tuple[Page, ...], console: Console) -> None:
    """A line or two a choice: name, title, first paragraph."""
    grid = Table(box=None, pad_edge=False, show_header=False)
    grid.add_column(no_wrap=True, style="bold")
    has_titles = any(page.title != page.name for page in pages)
    if has_titles:
        grid.add_column(no_wrap=True)
    grid.add_column()
    for page in pages:
        titles = [Text(page.title)] if has_titles else []
        grid.add_row(page.name, *titles, Text(page.summary))
    console.print(grid)


def print_page(page: Page, console: Console) -> None:
    """Title, text, source, then every field: a line of facts, its meaning and source below."""
    print_intro(page, console)
    if page.fields:
        print_fields({"": page.fields}, console)


def print_intro(page: Page, console: Console) -> None:
    """Title, text and source."""
    title = f"  {page.title}" if page.title not in ("", page.name) else ""
    console.print(Text.assemble((page.name, "bold"), title), end="\n\n")
    for block in page.text.split("\n\n"):
        print_block(block, console)
        console.print()
    if page.paper:
        console.print(Text(f"Source: {page.paper.where}"))
        if page.paper.url:
            console.print(Text(page.paper.url), soft_wrap=True)
        console.print()


def print_fields(groups: Mapping[str, tuple[FieldRow, ...]], console: Console) -> None:
    """Fields in groups under headings, columns aligned over all of them.

    Where a line would be wider than the console, searches stand below their fields.
    """
    facts = {row.name: _facts(row) for rows in groups.values() for row in rows}
    columns = len(_COLUMNS)
    if max(map(len, _aligned(_COLUMNS, *facts.values()))) > console.width:
        columns -= 1
    head, *lines = _aligned(_COLUMNS[:columns], *(fact[:columns] for fact in facts.values()))
    line_of = dict(zip(facts, lines, strict=True))
    console.print(Text(head, style="underline"))
    for heading, rows in groups.items():
        if heading and rows:
            console.print()
            console.print(Text(heading, style="underline"))
        for row in rows:
            text = Text(line_of[row.name])
            text.stylize("bold", 0, len(row.name))
            console.print(text)
            print_indented(row.meaning, _INDENT, console)
            if row.space and columns < len(_COLUMNS):
                print_indented(f"Search: {facts[row.name][-1]}", _INDENT, console)
            if row.is_place:
                print_indented(PLACE, _INDENT, console, "dim")
            elif row.source:
                print_indented(f"Source: {row.source}", _INDENT, console, "dim")


def _facts(row: FieldRow) -> tuple[str, str, str, str]:
    default = "required" if row.required else reference.plain(row.default)
    search = reference.plain_space(row.space) if row.space else ""
    return row.name, default, row.unit, search


def _aligned(*lines: tuple[str, ...]) -> list[str]:
    widths = [max(map(len, column)) + _GAP for column in zip(*lines, strict=True)]
    return [
        "".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def print_block(block: str, console: Console, indent: int = 0) -> None:
    """Prose is filled to the width, items hang, indented lines stay lines."""
    lines = block.splitlines()
    if all(line.startswith(" ") for line in lines):
        keep = max(map(len, lines)) + indent <= console.width
        for line in lines if keep else _narrowed(lines, console.width - indent):
            print_indented(line.lstrip(), indent + len(line) - len(line.lstrip()), console)
        return
    for part in re.split(r"\n(?=\* )", block):
        prose = " ".join(part.removeprefix("* ").split())
        if part.startswith("* "):
            grid = Table.grid(padding=(0, 1, 0, 0))
            grid.add_row("*", Text(prose))
            console.print(Padding(grid, (0, 0, 0, indent), expand=False))
        elif indent:
            print_indented(prose, indent, console)
        else:
            console.print(Text(prose))


def _narrowed(lines: list[str], width: int) -> Iterator[str]:
    """Formulas too wide: what stood in columns follows after three blanks, or on a line below."""
    for line in lines:
        first, *rest = re.split(" {3,}", line.strip())
        narrow = " " * _INDENT + first
        for cell in rest:
            if len(narrow) + 3 + len(cell) <= width:
                narrow += "   " + cell
            else:
                yield narrow
                narrow = " " * 2 * _INDENT + cell
        yield narrow


def print_indented(line: str, indent: int, console: Console, style: str = "") -> None:
    """A line that starts after `indent` blanks, and so do its continuations."""
    console.print(Padding(Text(line, style), (0, 0, 0, indent), expand=False))


def print_json(value: Any) -> None:
    """For programs."""
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
