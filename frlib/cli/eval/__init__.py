"""`frlib eval <verb>`: what a model is worth on a protocol."""

import typer

from frlib.cli.eval import compare, draw, embed, run

app = typer.Typer(
    name="eval", help="Models on protocols: embed, run, compare, draw.", no_args_is_help=True
)
app.command()(embed.embed)
app.command()(run.run)
app.command()(compare.compare)
app.command()(draw.draw)
