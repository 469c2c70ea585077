"""A job that is followed to its end: its log here, its exit code ours, and what Ctrl-C means."""

import sys
from typing import TYPE_CHECKING, Literal

import typer

if TYPE_CHECKING:
    from frlib.launch.jobs import Jobs

Interrupt = Literal["ask", "stop", "detach"]
STOP_S = 3600.0
GO_ON = "What is recorded is kept; submit the study again to go on with it"


def to_the_end(jobs: "Jobs", job: str, on_interrupt: Interrupt) -> int:
    """The job's exit code. Ctrl-C: as `on_interrupt`; where nobody can be asked, it is stopped."""
    stopping, told = False, 0
    while True:
        try:
            for text in jobs.follow(job, told):
                told += len(text)
                typer.echo(text, nl=False)
            break
        except KeyboardInterrupt:
            if stopping or _choice(on_interrupt) == "detach":
                typer.echo(f"\n{job} goes on. frlib cluster logs -f {job} follows it again")
                return 130
            stopping = True
            jobs.stop(job)
            typer.echo(
                f"\n{job} was asked to stop; running arms end at their next epoch. Ctrl-C again: "
                "do not wait for it"
            )
    found = jobs.find(job)
    after = f"; {GO_ON}" if found.status == "STOPPED" else ""
    typer.echo(f"{job}: {found.status.lower()}, exit code {found.code}{after}", err=True)
    return found.code


def _choice(on_interrupt: Interrupt) -> Interrupt:
    if on_interrupt != "ask":
        return on_interrupt
    if not sys.stdin.isatty():
        return "stop"
    try:
        answer = typer.prompt(
            "\nThe job goes on by itself. [d]etach, or [s]top it so that it can be resumed?",
            default="d",
        )
    except (typer.Abort, KeyboardInterrupt):
        return "detach"
    return "stop" if answer.lower().startswith("s") else "detach"
