"""`frlib train <verb>`: single runs."""

import typer

from frlib.cli.train import draw, plan, replay

app = typer.Typer(name="train", help="Single runs: plan, draw, replay.", no_args_is_help=True)
app.command()(plan.plan)
app.command()(draw.draw)
app.command()(replay.replay)
