"""`frlib cluster submit`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from frlib.cli.cluster.asked import (
    Address,
    Data,
    Env,
    Exclude,
    Patience,
    Python,
    Secret,
    Store,
    WorkingDir,
    dashboard,
)
from frlib.cli.options import Faces, Set
from frlib.cli.study.asked import Name, NoMirror
from frlib.doctor.asked import PATIENCE_S
from frlib.launch.submit import STOP_WAIT_S

if TYPE_CHECKING:
    from frlib.launch.submit import Submission


def submit(
    name: Name,
    sets: Set = None,
    store: Store = "",
    faces: Faces = "",
    address: Address = "",
    gpus: Annotated[
        float | None, typer.Option(min=0, help="GPUs of one worker (resources.gpus_per_worker).")
    ] = None,
    working_dir: WorkingDir = Path(),
    exclude: Exclude = None,
    env: Env = None,
    secret: Secret = None,
    data: Data = None,
    cpus: Annotated[float, typer.Option(min=0, help="CPUs that the driver holds.")] = 0.0,
    reserve: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            help="Resource that the driver holds, e.g. trial_slot=1. Default: none, on the head.",
        ),
    ] = None,
    python: Python = "python",
    no_mlflow: NoMirror = False,
    revise: Annotated[
        bool, typer.Option("--revise", help="As of `frlib study run`: another design, same name.")
    ] = False,
    stop_wait: Annotated[
        int, typer.Option(min=1, help="Seconds that running epochs have, once it is to stop.")
    ] = STOP_WAIT_S,
    patience: Patience = PATIENCE_S,
    no_doctor: Annotated[
        bool, typer.Option("--no-doctor", help="Do not examine the cluster first.")
    ] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Send it though the doctor or a running job objects.")
    ] = False,
    dry: Annotated[
        bool, typer.Option("--dry", help="Show what would be sent; ask and send nothing.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Send it, and do not follow it.")
    ] = False,
    on_interrupt: Annotated[
        Literal["ask", "stop", "detach"], typer.Option(help="What Ctrl-C does to the job.")
    ] = "ask",
) -> None:
    """Send a study to a cluster as a Ray job, follow it, and exit with its code.

    The call of `ray job submit` that does the same is printed first.
    """
    from frlib.cli.cluster import followed, submit_page
    from frlib.cli.study import asked
    from frlib.launch import jobs as access
    from frlib.launch import submit as launch
    from frlib.study import needs

    if gpus is not None:
        sets = [*(sets or []), f"resources.gpus_per_worker={gpus:g}"]
    study = asked.study(name, sets, faces)
    flags = ["--no-mlflow"] * no_mlflow + ["--revise"] * revise
    inside = launch.inside(name, working_dir)
    sending = launch.Submission(
        id=launch.job_id(study.name, time.time()),
        entrypoint=launch.entrypoint(python, inside, sets or [], store, faces, flags),
        address=dashboard(address),
        working_dir=working_dir.absolute(),
        excludes=(*launch.EXCLUDES, *(exclude or ())),
        env=launch.sent(env or (), stop_wait),
        secrets=tuple(secret or ()),
        metadata=launch.about(study.name, store),
        cpus=cpus,
        reserved=launch.reserved(reserve or ()),
    )
    contents = launch.contents(sending)
    submit_page.show(sending, contents)
    launch.require_room(contents.size, contents.limit)
    if dry:
        return
    jobs = access.at(sending.address)
    if not anyway:
        launch.require_alone(sending, jobs.all())
    if not no_doctor:
        places = (*needs.places(study), *(data or ()))
        _examine(sending, store, places, python, patience, anyway)
    jobs.submit(**sending.words())
    typer.echo(f"Sent as {sending.id}")
    if no_wait:
        typer.echo(f"frlib cluster logs -f {sending.id} follows it")
        return
    raise typer.Exit(followed.to_the_end(jobs, sending.id, on_interrupt))


def _examine(
    sending: "Submission",
    store: str,
    data: tuple[str, ...],
    python: str,
    patience: float,
    anyway: bool,
) -> None:
    from frlib.cli.cluster import doctor_page
    from frlib.core.errors import ClusterError
    from frlib.doctor.asked import Asked
    from frlib.doctor.report import findings, worst
    from frlib.launch import examined

    report = examined.by_job(
        Asked(store=store, data=data, secrets=sending.secrets, patience_s=patience),
        sending.address,
        python,
        working_dir=sending.working_dir,
        excludes=sending.excludes,
        env=sending.env,
    )
    found = findings(report)
    doctor_page.show(report, found)
    if worst(found) == "failure" and not anyway:
        raise ClusterError(
            "the cluster is not fit for this study (failures above), so nothing was sent. Mend "
            "them, or send it with --anyway"
        )
