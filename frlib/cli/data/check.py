"""`frlib data check`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frlib.cli.options import DEFAULT_STORE, Json, Store

if TYPE_CHECKING:
    from frlib.core.config import Config
    from frlib.data.check.subject import Embed
    from frlib.data.texts import Texts

From = Annotated[
    str, typer.Option("--from", metavar="FORMAT", help="Format of A; none: guess it from the path.")
]
SetA = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="A field of A's source, e.g. colour=BGR."),
]


def _print_rules(wanted: bool) -> None:
    if wanted:
        from rich.console import Console

        from frlib.cli.data import check_page
        from frlib.data.check import run

        check_page.rules(run.rules(), Console(highlight=False))
        raise typer.Exit


def _embedder(model: str, device: str, store: Path) -> "Embed":
    """Both views added up, kept in the store for the next check."""
    from frlib.data.vectors import Vectors
    from frlib.evaluate.extract import extract
    from frlib.evaluate.model import named, open_model

    opened = open_model(named(model), device)

    def embed(source: "Config", ids: "Texts") -> Vectors:
        found = extract(opened, source, store, ids=ids)
        both = found.plain if found.mirrored is None else found.plain + found.mirrored
        return Vectors(found.ids, both, f"the embeddings of {model}")

    return embed


def check(
    a: Annotated[
        str,
        typer.Argument(
            metavar="A", help='A set: path or URI, or JSON like {"name": "parquet", ...}.'
        ),
    ],
    kind: From = "",
    sets: SetA = None,
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="B", help="A set that must not overlap, as A; may be repeated."),
    ] = None,
    embeddings: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Vectors by image id (.npz, .parquet): people alike."),
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="M", help="A model that embeds the images instead: people alike.")
    ] = "",
    device: Annotated[str, typer.Option(help="Of the model: cpu, cuda, cuda:N, auto.")] = "auto",
    sample: Annotated[
        int, typer.Option(min=0, metavar="N", help="Decode N random images of each set; 0: all.")
    ] = 0,
    limits: Annotated[
        list[str] | None,
        typer.Option(
            "--limit", metavar="NAME=VALUE", help="Draw a line elsewhere, e.g. cosine=0.6."
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail the check too.")] = False,
    sheet: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the images that findings name.")
    ] = None,
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
    _rules: Annotated[
        bool,
        typer.Option(
            "--rules", is_eager=True, callback=_print_rules, help="List every rule, and stop."
        ),
    ] = False,
) -> None:
    """Check a set of faces before it is trained or reported on.

    Counts people and images, decodes every image, looks for equal files, near copies, a wrong
    colour order and overlap with other sets. Exit code 1 if a rule of severity error is met
    (--rules lists them), with --strict for warnings too.
    """
    from rich.console import Console

    from frlib.cli.data import check_page
    from frlib.cli.data.source_of import source_of
    from frlib.cli.data.waiting import shown
    from frlib.core.config import override
    from frlib.core.errors import ConfigError
    from frlib.data import vectors
    from frlib.data.check import run
    from frlib.data.check.subject import Limits

    if embeddings and model:
        raise ConfigError("--embeddings and --model: either embeds the images; give one of them")
    if sheet is not None:
        from analysis.galleries import contact_sheet

        contact_sheet.check(sheet)
    source = source_of(a, kind, sets)
    others = [source_of(text) for text in against or []]
    lines = override(Limits(sample=sample), limits or [])
    read = [vectors.read(path) for path in embeddings or []]
    with shown() as watch:
        report, subject = run.check(
            source,
            store,
            against=others,
            vectors=read,
            embed=_embedder(model, device, store) if model else None,
            limits=lines,
            watch=watch,
        )
    if sheet is not None:
        from frlib.cli.data import check_sheet

        check_sheet.draw(report, subject, sheet)
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=1, ensure_ascii=False))
    else:
        check_page.page(report, Console(highlight=False), strict=strict)
        if sheet is not None:
            typer.echo(f"Images   {sheet}")
    if report.failed(strict=strict):
        raise typer.Exit(1)
