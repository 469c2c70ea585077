"""`frlib store show | sync | pull`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frlib.cli.options import DEFAULT_STORE, Json, Store

if TYPE_CHECKING:
    from frlib.core.published import Upstream

app = typer.Typer(
    name="store",
    help="A store at a URI, and the working copy that this machine has of it.",
    no_args_is_help=True,
)
_SHOWN = 10


@app.command()
def show(store: Store = DEFAULT_STORE, as_json: Json = False) -> None:
    """Say where a store is, and what of this machine it has not got yet."""
    from frlib.core import published

    found = published.upstream(store)
    waiting = () if found is None else found.waiting()
    uri = "" if found is None else found.address
    if as_json:
        facts = {"uri": uri, "folder": str(store.absolute()), "not_sent": list(waiting)}
        typer.echo(json.dumps(facts, indent=1, ensure_ascii=False))
        return
    if not uri:
        typer.echo(f"{store.absolute()}: a folder; nothing is sent anywhere")
        return
    typer.echo(f"{uri}\nworking copy: {store}")
    typer.echo(f"not sent yet: {len(waiting):,} files")
    for name in waiting[:_SHOWN]:
        typer.echo(f"  {name}")
    if len(waiting) > _SHOWN:
        typer.echo("  ...")


@app.command()
def sync(
    store: Store = DEFAULT_STORE,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Send also what the store has lost: all files that it does not have."
        ),
    ] = False,
) -> None:
    """Send what is not sent yet from this machine; waits while the store is away."""
    upstream = _required(store)
    count = upstream.mark_all() if everything else len(upstream.waiting())
    upstream.flush()
    typer.echo(f"{upstream.address}: {count:,} files sent, nothing waits")


@app.command()
def pull(
    store: Store = DEFAULT_STORE,
    light: Annotated[
        bool, typer.Option("--light", help="Without checkpoints and models of runs.")
    ] = False,
) -> None:
    """Bring all records, models, checkpoints and artefacts here."""
    upstream = _required(store)
    for room in ("studies", "artifacts"):
        upstream.bring(store / room, heavy=not light)
    what = "all but checkpoints and models" if light else "all of it"
    typer.echo(f"{upstream.address}: {what} is in {store}")


def _required(store: Path) -> "Upstream":
    from frlib.core import published
    from frlib.core.errors import ConfigError

    found = published.upstream(store)
    if found is None:
        raise ConfigError(
            f"--store {store}: a folder, so there is nothing to send or bring; expected a URI such "
            "as s3://bucket/folder"
        )
    return found
