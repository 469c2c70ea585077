"""`frlib bct <verb>`: a new model and the index that an old one filled."""

import typer

from frlib.cli.bct import check

app = typer.Typer(
    name="bct", help="New models in the galleries of old ones: check.", no_args_is_help=True
)


@app.callback()
def _verbs() -> None:
    """A noun of one verb keeps its verb."""


app.command()(check.check)
