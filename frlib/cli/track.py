"""`frlib track sync | rebuild | check`."""

from typing import TYPE_CHECKING, Annotated

import typer

from frlib.cli.options import DEFAULT_STORE, Json, Store

if TYPE_CHECKING:
    from frlib.launch.mirror import Outcome

app = typer.Typer(name="track", help="The MLflow mirror of the records.", no_args_is_help=True)

Uri = Annotated[
    str,
    typer.Option(help="Tracking server. Default: MLFLOW_TRACKING_URI, else the store's own."),
]
Models = Annotated[
    bool,
    typer.Option(help="Register the models of the study's winners (or set FRLIB_MLFLOW_MODELS=0)."),
]


@app.command()
def sync(
    name: Annotated[str, typer.Argument(help="A study with records.")],
    store: Store = DEFAULT_STORE,
    uri: Uri = "",
    models: Models = True,
) -> None:
    """Send to MLflow what it lacks of a study (after an outage, or to another server)."""
    from frlib.launch import mirror
    from frlib.records import layout

    _tell(name, mirror.sync(layout.find_study(store, name), store, uri, models=models))


@app.command()
def rebuild(store: Store = DEFAULT_STORE, uri: Uri = "", models: Models = True) -> None:
    """Send every study of a store from its records, as if nothing had been sent before."""
    from frlib.core.errors import RecordError
    from frlib.launch import mirror

    done = 0
    for name, outcome in mirror.rebuild(store, uri, models=models):
        _tell(name, outcome)
        done += 1
    if not done:
        raise RecordError(
            f"{store / 'studies'}: nothing is recorded there, so there is nothing to send; "
            "--store names another store"
        )


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="A study; empty: every study of the store.")] = "",
    store: Store = DEFAULT_STORE,
    uri: Uri = "",
    points: Annotated[
        bool, typer.Option("--points", help="Compare every point of every curve, not their number.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare the records with the server; exit code 1 when it lacks something or differs."""
    from frlib.cli import show
    from frlib.launch import mirror
    from frlib.records import layout

    names = [name] if name else list(layout.recorded_studies(store))
    found = []
    for one in names:
        server, differences = mirror.check(
            layout.find_study(store, one), store, uri, every_point=points
        )
        found += [{"study": one, "difference": text} for text in differences]
        if not differences and not as_json:
            typer.echo(f"{server} has every record of {one}")
    if as_json or found:
        show.rows(found, as_json)
    if found:
        if not as_json:
            typer.echo("`frlib track sync NAME` sends what is missing, `frlib track rebuild` all.")
        raise typer.Exit(1)


def _tell(name: str, outcome: "Outcome") -> None:
    from frlib.cli import show

    typer.echo(f"{outcome.uri} has every record of {name}{show.registered(outcome)}")
