"""`frlib data <verb>`: sets of faces."""

import typer

from frlib.cli.data import check, convert, pairs

app = typer.Typer(
    name="data", help="Sets of faces: convert, check, make pairs.", no_args_is_help=True
)
app.command()(convert.convert)
app.command()(check.check)
app.command()(pairs.pairs)
