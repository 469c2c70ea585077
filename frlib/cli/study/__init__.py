"""`frlib study <verb>`."""

import typer

from frlib.cli.study import diff, draw, listing, plan, run, status, stop

app = typer.Typer(
    name="study",
    help="Questions: list, look at, plan, run, watch, stop, compare, draw.",
    no_args_is_help=True,
)
app.command("list")(listing.list_)
app.command("show")(listing.show)
app.command()(plan.plan)
app.command()(run.run)
app.command()(run.resume)
app.command()(status.status)
app.command()(stop.stop)
app.command()(diff.diff)
app.command()(draw.draw)
