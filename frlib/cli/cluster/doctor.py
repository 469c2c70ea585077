"""`frlib cluster doctor`."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frlib.cli.cluster.asked import (
    Data,
    Env,
    Exclude,
    Patience,
    Python,
    Secret,
    Store,
    WorkingDir,
)
from frlib.cli.options import Json
from frlib.doctor.asked import PATIENCE_S

if TYPE_CHECKING:
    from frlib.doctor.report import Finding, Report

Address = Annotated[
    str,
    typer.Option(
        "--address",
        help="http://HEAD:8265: asked through a job. HEAD:6379 or auto: joined from here. Empty: "
        "RAY_API_SERVER_ADDRESS, RAY_ADDRESS, else this machine alone.",
    ),
]


def doctor(
    address: Address = "",
    store: Store = "",
    data: Data = None,
    secret: Secret = None,
    working_dir: WorkingDir = Path(),
    exclude: Exclude = None,
    env: Env = None,
    python: Python = "python",
    patience: Patience = PATIENCE_S,
    as_json: Json = False,
) -> None:
    """Say whether a cluster is fit for a study: asked here and on every node, in bounded time.

    Exit code 1 when something would fail; warnings alone are 0.
    """
    from frlib.cli.cluster import doctor_page
    from frlib.doctor.asked import Asked
    from frlib.doctor.report import findings, worst
    from frlib.launch import doctor as launch
    from frlib.launch import submit

    asked = Asked(
        store=store,
        data=tuple(data or ()),
        secrets=tuple(secret or ()),
        patience_s=patience,
    )
    found_at = (
        address or os.environ.get("RAY_API_SERVER_ADDRESS") or os.environ.get("RAY_ADDRESS", "")
    )
    if not found_at:
        report = launch.here(asked)
    elif found_at.startswith(("http://", "https://")):
        from frlib.launch import examined

        report = examined.by_job(
            asked,
            found_at,
            python,
            working_dir=working_dir,
            excludes=(*submit.EXCLUDES, *(exclude or ())),
            env=submit.sent(env or (), submit.STOP_WAIT_S),
        )
    else:
        report = launch.inside(asked, found_at)
    found = findings(report)
    if as_json:
        print(json.dumps(_facts(report, found), indent=1, ensure_ascii=False))
    else:
        doctor_page.show(report, found)
    if worst(found) == "failure":
        raise typer.Exit(1)


def examine(
    asked: Annotated[str, typer.Argument(help="What `doctor` asks, as JSON.")],
) -> None:
    """Examine the cluster that this job runs on; its log then holds the report."""
    from frlib.doctor.asked import Asked
    from frlib.launch import doctor as launch

    print(launch.told(launch.inside(Asked.parse(json.loads(asked)), "auto")))


def _facts(report: "Report", found: "list[Finding]") -> dict[str, object]:
    return {"findings": [asdict(one) for one in found], **report.to_json()}
