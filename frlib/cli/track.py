"""`frlib track sync`."""

from typing import Annotated

import typer

from frlib.cli.options import DEFAULT_STORE, Store

app = typer.Typer(name="track", help="The MLflow mirror of the records.", no_args_is_help=True)


@app.callback()
def _track() -> None:
    """Keep `sync` a verb of its own although it is the only one."""


@app.command()
def sync(
    name: Annotated[str, typer.Argument(help="A study with records.")],
    store: Store = DEFAULT_STORE,
) -> None:
    """Send to MLflow what it lacks of a study (after an outage, or to another server)."""
    from frlib.launch import mirror
    from frlib.records import layout

    uri = mirror.sync(layout.find_study(store, name), store)
    typer.echo(f"{uri} has every record of {name}")
