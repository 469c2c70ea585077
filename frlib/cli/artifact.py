"""`frlib artifact list | verify | gc`."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from frlib.cli.options import DEFAULT_STORE, Json, Store

if TYPE_CHECKING:
    from frlib.artifacts.eviction import Swept
    from frlib.artifacts.manifest import Entry

app = typer.Typer(
    name="artifact",
    help="What runs share: outputs of stages and of first epochs.",
    no_args_is_help=True,
)
Budget = Annotated[
    float,
    typer.Option(
        "--budget",
        metavar="GIB",
        envvar="FRLIB_ARTIFACTS_GIB",
        help="GiB that artefacts may take; 0: no limit.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without it, only say what would be done.")]


@app.command("list")
def list_(store: Store = DEFAULT_STORE, as_json: Json = False) -> None:
    """List what there is, the most recently used first."""
    from frlib.artifacts.store import Artifacts
    from frlib.cli import show

    found = sorted(Artifacts(store).entries(), key=lambda entry: -entry.used)
    if as_json:
        typer.echo(json.dumps([_facts(entry) for entry in found], indent=1, ensure_ascii=False))
        return
    rows = [
        {
            "artefact": entry.name,
            "MiB": f"{entry.size / 2**20:.1f}",
            "made in s": f"{entry.seconds:.0f}",
            "used": _moment(entry.used),
            "first asked by": entry.about.get("first_asked_by", ""),
        }
        for entry in found
    ]
    show.rows(rows, as_json=False)
    typer.echo(f"{len(found)} artefacts, {_gib(entry.size for entry in found)} GiB")


@app.command()
def verify(store: Store = DEFAULT_STORE, as_json: Json = False) -> None:
    """Compare every file with its checksum; ends with 1 where one is damaged."""
    from frlib.artifacts.store import Artifacts

    rows = [{"artefact": name, "wrong": wrong} for name, wrong in Artifacts(store).verify()]
    damaged = [row for row in rows if row["wrong"]]
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        for row in damaged:
            typer.echo(f"{row['artefact']}: {row['wrong']}")
        typer.echo(f"{len(rows) - len(damaged)} of {len(rows)} artefacts are whole")
        if damaged:
            typer.echo(
                "Damaged ones are made again when they are needed; frlib artifact gc removes them "
                "where a file is missing or of another size, else remove their folders."
            )
    if damaged:
        raise typer.Exit(1)


@app.command()
def gc(
    store: Store = DEFAULT_STORE, budget: Budget = 0.0, yes: Yes = False, as_json: Json = False
) -> None:
    """Remove what killed runs left, what is damaged, and the least recently used over a budget.

    Of a store at a URI, an artefact goes from there as well, whoever uses it on another machine.
    """
    from frlib.artifacts.store import Artifacts

    swept = Artifacts(store).gc(budget, dry=not yes)
    if as_json:
        typer.echo(json.dumps(_swept(swept, done=yes), indent=1, ensure_ascii=False))
        return
    verb = "removed" if yes else "would remove"
    for entry in swept.evicted:
        typer.echo(f"{verb} {entry.name}, {_gib([entry.size])} GiB, used {_moment(entry.used)}")
    for path in swept.leftovers:
        typer.echo(f"{verb} {path}")
    count = len(swept.evicted) + len(swept.leftovers)
    typer.echo(f"{verb} {count}; {_gib([swept.kept])} GiB stay")
    if swept.over:
        typer.echo(f"{_gib([swept.over])} GiB over the budget are in use")
    if count and not yes:
        typer.echo("Do it with --yes")


def _facts(entry: "Entry") -> dict[str, object]:
    return {
        "artefact": entry.name,
        "bytes": entry.size,
        "seconds": entry.seconds,
        "created": entry.created,
        "used": _moment(entry.used),
        "about": dict(entry.about),
        "facts": dict(entry.facts),
        "folder": str(entry.folder),
    }


def _swept(swept: "Swept", *, done: bool) -> dict[str, object]:
    return {
        "done": done,
        "evicted": [_facts(entry) for entry in swept.evicted],
        "leftovers": [str(path) for path in swept.leftovers],
        "kept_bytes": swept.kept,
        "over_bytes": swept.over,
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _gib(sizes: Iterable[int]) -> str:
    return f"{sum(sizes) / 2**30:.3f}"
