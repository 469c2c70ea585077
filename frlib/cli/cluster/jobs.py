"""`frlib cluster jobs | logs | stop`."""

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from frlib.cli.cluster.asked import Address, dashboard
from frlib.cli.options import Json

if TYPE_CHECKING:
    from frlib.launch.jobs import Job

Id = Annotated[str, typer.Argument(help="A job, as `frlib cluster jobs` names it.")]


def jobs(address: Address = "", as_json: Json = False) -> None:
    """List the jobs of a cluster, newest first: whose, of which study, how they stand."""
    from frlib.cli import show
    from frlib.launch import jobs as access

    show.rows([_row(job) for job in access.at(dashboard(address)).all()], as_json)


def logs(
    job: Id,
    address: Address = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Until the job is over.")] = False,
) -> None:
    """Print what a job has printed; with --follow, exit with its code."""
    from frlib.cli.cluster import followed
    from frlib.launch import jobs as access

    known = access.at(dashboard(address))
    if not follow:
        typer.echo(known.log(job), nl=False)
        return
    raise typer.Exit(followed.to_the_end(known, job, "detach"))


def stop(
    job: Id,
    address: Address = "",
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Ask, and do not wait.")] = False,
) -> None:
    """Ask a job to stop: no new arm, running ones end at their next epoch and can be resumed.

    What takes longer than its RAY_JOB_STOP_WAIT_TIME_S is killed, and goes on from the last
    checkpoint.
    """
    from frlib.cli.cluster import followed
    from frlib.launch import jobs as access

    known = access.at(dashboard(address))
    if not known.stop(job):
        typer.echo(f"{job}: had ended before ({known.find(job).status.lower()})")
        return
    if no_wait:
        typer.echo(f"{job}: was asked to stop")
        return
    found = known.wait(job, followed.STOP_S)
    typer.echo(f"{job}: {found.status.lower()}. {followed.GO_ON}")


def _row(job: "Job") -> dict[str, str]:
    return {
        "job": job.id,
        "study": job.metadata.get("frlib.study", ""),
        "user": job.metadata.get("frlib.user", ""),
        "status": job.status.lower(),
        "code": str(job.code) if job.is_over else "",
        "started": _time(job.started),
        "took": _took(job),
        "store": job.metadata.get("frlib.store", ""),
    }


def _time(value: float | None) -> str:
    return "" if value is None else f"{datetime.fromtimestamp(value):%Y-%m-%d %H:%M}"


def _took(job: "Job") -> str:
    if job.started is None:
        return ""
    return f"{((job.ended or time.time()) - job.started) / 60:.0f} min"
