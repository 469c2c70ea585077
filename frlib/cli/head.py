"""`frlib head list | show | draw`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from frlib.cli import reference
from frlib.cli.options import Json
from frlib.core.reference import Page
from frlib.heads import pages
from frlib.heads.pages import Filled

app = typer.Typer(
    name="head",
    help="Heads: published methods, the slots they are made of, and their fields.",
    no_args_is_help=True,
)
COMMON = "Common to all heads"
_INDENT = 4


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the heads, then the choices of every slot."""
    found = tuple(pages.page(name) for name in pages.names())
    if as_json:
        reference.print_json([as_dict(page) for page in found])
    else:
        print_list(found, Console(highlight=False))


@app.command()
def show(
    choice: Annotated[str, typer.Argument(help="A head, or a slot's choice like margins.arc.")],
    as_json: Json = False,
) -> None:
    """Show a head: what it computes, its slots, fields, units, defaults and sources."""
    found = pages.page(choice)
    if as_json:
        reference.print_json(as_dict(found))
    else:
        print_page(found, Console(highlight=False))


@app.command()
def draw(
    out: Annotated[Path, typer.Option(help="A .png, .svg or .pdf file.")] = Path(
        "target_logit.png"
    ),
) -> None:
    """Draw the target logit curves of all heads, and the slopes through which they train."""
    from analysis.figures import style, target_logit
    from frlib.heads import curves

    style.check(out)
    typer.echo(f"Written to {target_logit.write(curves.targets(), out)}")


def as_dict(page: Page) -> dict[str, Any]:
    """A page as plain JSON types: of a head with its slots, of a slot's choice with its users."""
    found = reference.as_dict(page)
    if pages.is_slot(page):
        return found | {"used_by": list(pages.users(page.name))}
    _, common = pages.own_and_common(page)
    shared = {row.name for row in common}
    for field in found["fields"]:
        field["common"] = field["field"] in shared
    found["slots"] = [
        {
            "slot": one.slot,
            "choice": one.page.name,
            "settings": to_jsonable_python(one.settings),
            "summary": one.page.summary,
            "formula": one.page.formula,
        }
        for one in pages.composition(page.name)
    ]
    return found


def print_list(found: tuple[Page, ...], console: Console) -> None:
    """Heads with title and first paragraph; below them the slots' choices as one types them."""
    reference.print_list(tuple(page for page in found if not pages.is_slot(page)), console)
    console.print()
    console.print(Text("The slots of a head; `composed` takes any of them together", "underline"))
    grid = Table(box=None, pad_edge=False, show_header=False)
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column()
    for page in found:
        if pages.is_slot(page):
            grid.add_row(page.name, Text(_sentence(page)))
    console.print(grid)


def print_page(page: Page, console: Console) -> None:
    """A head: title, text, slots at the defaults, fields. A slot's choice: its users for slots."""
    reference.print_intro(page, console)
    if pages.is_slot(page):
        used_by = ", ".join(pages.users(page.name)) or "no head"
        console.print(Text(f"Used at the defaults by: {used_by}"))
        if page.fields:
            console.print()
            reference.print_fields({"": page.fields}, console)
        return
    print_composition(pages.composition(page.name), console)
    console.print()
    own, common = pages.own_and_common(page)
    reference.print_fields({"": own, COMMON: common}, console)


def print_composition(filled: tuple[Filled, ...], console: Console) -> None:
    """A line a slot: choice and settings; below it what the choice says of itself."""
    console.print(Text("Slots at the defaults", "underline"))
    wide = [max(len(text) for text in texts) for texts in zip(*map(_names, filled), strict=True)]
    for one in filled:
        slot, choice = _names(one)
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True, width=wide[0], style="bold")
        grid.add_column(no_wrap=True, width=wide[1])
        grid.add_column()
        grid.add_row(slot, choice, Text(one.words()))
        console.print(grid)
        console.print(Padding(Text(_sentence(one.page)), (0, 0, 0, _INDENT), expand=False))
        if one.page.formula:
            reference.print_block(_indented(one.page.formula), console, _INDENT)


def _names(one: Filled) -> tuple[str, str]:
    return one.slot, one.page.name.rpartition(".")[2]


def _sentence(page: Page) -> str:
    return page.summary.removesuffix(":")


def _indented(lines: str) -> str:
    return "\n".join(" " * _INDENT + line for line in lines.splitlines())
