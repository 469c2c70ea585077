"""A cluster examined from outside: by a job that runs where a study's job would, as it would."""

import json
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from frlib.core.errors import ClusterError
from frlib.doctor import examine
from frlib.doctor.asked import Asked
from frlib.doctor.report import Report
from frlib.launch import doctor

_START_S = 180.0


def by_job(
    asked: Asked,
    address: str,
    python: str,
    *,
    working_dir: Path,
    excludes: Sequence[str],
    env: Mapping[str, str],
) -> Report:
    """The report of a cluster; one with a `problem` where it does not answer in bounded time."""
    from frlib.rayrun.jobs import Jobs

    own = examine.facts(replace(asked, store="", data=(), secrets=()))
    sent = time.time()
    try:
        jobs = Jobs(address)
        job = jobs.submit(
            entrypoint=shlex.join(
                [python, "-m", "frlib", "cluster", "examine", json.dumps(asked.to_json())]
            ),
            submission_id=f"frlib-doctor-{asked.mark}",
            runtime_env={
                "working_dir": str(working_dir),
                "excludes": list(excludes),
                "env_vars": dict(env),
            },
            metadata={"frlib.study": "", "frlib.purpose": "doctor"},
        )
        try:
            jobs.wait(job, _START_S + 2 * asked.patience_s)
            found = doctor.heard(jobs.log(job))
        except ClusterError:
            jobs.stop(job)
            raise
        jobs.forget(job)
    except ClusterError as error:
        return Report(asked=asked, here=own, address=address, problem=str(error))
    return replace(found, here=own, address=address, clock_s=_clock(found, sent, time.time()))


def _clock(found: Report, sent: float, got: float) -> tuple[float, float] | None:
    """Its clock was read after the job was sent and before its log was here."""
    times = [n.facts["clock"]["time"] for n in found.nodes if n.is_head and "clock" in n.facts]
    return (times[0] - got, times[0] - sent) if times else None
