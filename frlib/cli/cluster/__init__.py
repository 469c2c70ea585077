"""`frlib cluster <verb>`."""

import typer

from frlib.cli.cluster import doctor, jobs, submit

app = typer.Typer(
    name="cluster",
    help="Ray clusters: look whether one is fit, send a study to it, follow and stop it.",
    no_args_is_help=True,
)
app.command()(submit.submit)
app.command()(doctor.doctor)
app.command(hidden=True)(doctor.examine)
app.command()(jobs.jobs)
app.command()(jobs.logs)
app.command()(jobs.stop)
