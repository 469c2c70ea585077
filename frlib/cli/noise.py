"""`frlib noise list | show | make | inspect`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frlib.cli import reference
from frlib.cli.options import DEFAULT_STORE, Json, Store

if TYPE_CHECKING:
    from frlib.data.lab.draw import Draw

app = reference.noun(
    "noise",
    "frlib.data.noise",
    "Noise: what kinds there are, put it into a set, look at what came of it.",
)
Faces = Annotated[
    str, typer.Argument(metavar="A", help="The set: a path, or the source as JSON with a name.")
]
From = Annotated[
    str, typer.Option("--from", metavar="FORMAT", help="Format of A; guessed if not given.")
]
Outliers = Annotated[
    str,
    typer.Option("--outliers", metavar="B", help="Other people, for noise.open; a path or JSON."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="E.g. noise.closed.ratio=0.2."),
]
Seed = Annotated[int, typer.Option("--seed", help="Replicate seed, as in a study.")]


@app.command("make")
def make(
    faces: Faces,
    out: Annotated[Path, typer.Option("--out", help="Folder to write; it must not exist yet.")],
    sets: Sets = None,
    outliers: Outliers = "",
    kind: From = "",
    seed: Seed = 0,
    store: Store = DEFAULT_STORE,
) -> None:
    """Put noise into a set and write down the truth: a table, text lists, facts, a sheet.

    truth.parquet holds a row for every sample: id, given, true, kind, flaw, strength. lists/ holds
    the lists of the BoundaryFace scripts, where the samples are files. Images are not copied.
    """
    from frlib.cli import noise_files

    draw = _drawn(faces, sets, outliers, kind, seed, store)
    for line in noise_files.write(draw, out):
        typer.echo(line)


@app.command("inspect")
def inspect(
    faces: Faces,
    sets: Sets = None,
    outliers: Outliers = "",
    kind: From = "",
    seed: Seed = 0,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Write a contact sheet of examples (.png).")
    ] = None,
    examples: Annotated[int, typer.Option("--examples", min=1, help="Rows of each kind.")] = 5,
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Say what noise would come to: by step, by kind and flaw, by size of class. Writes no set."""
    from frlib.cli import noise_page

    if sheet is not None:
        from analysis.galleries import contact_sheet

        contact_sheet.check(sheet)
    draw = _drawn(faces, sets, outliers, kind, seed, store)
    if as_json:
        reference.print_json(noise_page.facts(draw))
    else:
        from rich.console import Console

        noise_page.print_page(draw, Console(highlight=False))
    if sheet is not None:
        from frlib.cli import noise_sheet

        noise_sheet.write(draw, sheet, examples)
        typer.echo(f"Written to {sheet}", err=as_json)


def _drawn(
    faces: str, sets: list[str] | None, outliers: str, kind: str, seed: int, store: Path
) -> "Draw":
    from frlib.cli.data.source_of import source_of
    from frlib.core.config import override
    from frlib.data.lab import draw

    data = {
        "train": source_of(faces, kind),
        "outliers": source_of(outliers) if outliers else None,
    }
    return draw.draw(override(draw.Lab.parse({"data": data}), sets or []), seed, store)
