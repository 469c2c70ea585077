"""A study as a Ray job: the exact call, and what goes along.

Nothing secret goes along. What a job brings in its runtime environment is kept by Ray as plain text
and shown to whoever may see the job; so secrets are named, and must be set on the nodes.
"""

import getpass
import json
import os
import re
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from frlib.core import checkout
from frlib.core.errors import ClusterError, ConfigError
from frlib.core.secrets import has_credentials, is_secret, redacted

if TYPE_CHECKING:
    from frlib.rayrun.jobs import Job
    from frlib.rayrun.upload import Contents as Contents

EXCLUDES = (
    *(".env", ".env.*", "*.pem", "*.key", ".netrc", ".aws", ".ssh", ".ray"),
    *("frlib-store", "mlruns", "mlflow.db", "mlartifacts", "*.egg-info"),
    *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".ci", "*.pyc"),
)
"""Left out of every working folder, beside what Ray and the ignore files leave out."""
STOP_WAIT = "RAY_JOB_STOP_WAIT_TIME_S"
STOP_WAIT_S = 600
"""Seconds between SIGTERM and SIGKILL for a job that is stopped; Ray's own 3 end no epoch."""
_TRACKING = "MLFLOW_TRACKING_URI"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One job. env: variables that are sent, none of them secret. secrets: names that must be set.

    cpus, reserved: what the entry point holds; nothing keeps it on the head, off the workers' CPUs.
    """

    id: str
    entrypoint: tuple[str, ...]
    address: str
    working_dir: Path
    excludes: tuple[str, ...] = EXCLUDES
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    cpus: float = 0.0
    reserved: Mapping[str, float] = field(default_factory=dict)

    @property
    def runtime_env(self) -> dict[str, Any]:
        """Without the working folder, which has an option of its own."""
        return {"env_vars": dict(self.env), "excludes": list(self.excludes)}

    def words(self) -> dict[str, Any]:
        """For `JobSubmissionClient.submit_job`."""
        return {
            "entrypoint": shlex.join(self.entrypoint),
            "submission_id": self.id,
            "runtime_env": self.runtime_env | {"working_dir": str(self.working_dir)},
            "metadata": dict(self.metadata),
            "entrypoint_num_cpus": self.cpus or None,
            "entrypoint_resources": dict(self.reserved) or None,
        }

    def command(self) -> str:
        """The same as a line for a shell. The variable is set: it would win over `--address`."""
        told = ["ray", "job", "submit", "--address", self.address, "--submission-id", self.id]
        told += ["--working-dir", str(self.working_dir)]
        told += ["--runtime-env-json", json.dumps(self.runtime_env)]
        told += ["--metadata-json", json.dumps(dict(self.metadata))]
        if self.cpus:
            told += ["--entrypoint-num-cpus", f"{self.cpus:g}"]
        if self.reserved:
            told += ["--entrypoint-resources", json.dumps(dict(self.reserved))]
        line = shlex.join([*told, "--", *self.entrypoint])
        return f"RAY_API_SERVER_ADDRESS={shlex.quote(self.address)} {line}"


def job_id(study: str, now: float) -> str:
    """Unlike any other: a job of a name can be sent once."""
    return f"frlib-{study}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{os.urandom(2).hex()}"


def entrypoint(
    python: str, study: str, sets: Sequence[str], store: str, faces: str, flags: Sequence[str]
) -> tuple[str, ...]:
    """`python -m frlib study run ...` as it runs on the cluster. `ConfigError` for a store that a
    job would lose.
    """
    _lasting(store)
    words = [python, "-m", "frlib", "study", "run", study, "--store", store]
    for one in sets:
        words += ["--set", one]
    if faces:
        words += ["--faces", faces]
    for text in words:
        _no_credentials(text, "an argument of the job")
    return (*words, *flags)


def inside(study: str, working_dir: Path) -> str:
    """How the job names a study: as it is, a file by its path in the working folder."""
    if not study.endswith((".py", ".json")):
        return study
    try:
        return Path(study).absolute().relative_to(working_dir.absolute()).as_posix()
    except ValueError:
        raise ConfigError(
            f"{study}: is not in the working folder {working_dir}, so it would not go along. Move "
            "it there, or choose another --working-dir"
        ) from None


def sent(given: Sequence[str], stop_wait_s: int) -> dict[str, str]:
    """The variables of a job: NAME=VALUE, NAME as it is here, and those that every study has.

    A tracking server of this machine alone, or a port that is forwarded to it, is none there: the
    nodes' own variable stands.

    `ConfigError` for a secret: by its name, or a password in its value.
    """
    found = {STOP_WAIT: str(stop_wait_s)}
    told = checkout.told()
    if told is not None:
        found[checkout.VARIABLE] = checkout.written(told)
    uri = os.environ.get(_TRACKING, "")
    if uri and urlsplit(uri).hostname not in _LOOPBACK:
        found[_TRACKING] = uri
    for text in given:
        name, sign, value = text.partition("=")
        if not _NAME.fullmatch(name):
            raise ConfigError(f"--env {text}: expected NAME, or NAME=VALUE")
        if is_secret(name):
            raise ConfigError(
                f"--env {name}: looks like a secret, and what a job brings is kept and shown as "
                f"plain text. Set it on the nodes, and say --secret {name} to have that checked"
            )
        if not sign and name not in os.environ:
            raise ConfigError(f"--env {name}: is not set here; give NAME=VALUE, or set it")
        found[name] = value if sign else os.environ[name]
    for name, value in found.items():
        _no_credentials(value, name)
    return found


def reserved(given: Sequence[str]) -> dict[str, float]:
    """NAME=NUMBER as numbers by name."""
    found = {}
    for text in given:
        name, _, number = text.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise ConfigError(
                f"--reserve {text}: expected NAME=NUMBER, e.g. trial_slot=1"
            ) from None
    return found


def contents(sending: Submission) -> "Contents":
    """What goes along; `ClusterError` where there is no such folder, or a file cannot be read."""
    from frlib.rayrun import upload

    return upload.contents(sending.working_dir, sending.excludes)


def require_room(size: int, limit: int) -> None:
    """`ConfigError` where a working folder is larger than a dashboard takes; sizes in bytes."""
    if size >= limit:
        raise ConfigError(
            f"the working folder is {size / 2**20:.0f} MiB, and Ray's dashboard takes less than "
            f"{limit / 2**20:.0f}. Leave large files out (--exclude, .gitignore, .rayignore), or "
            "choose a smaller --working-dir"
        )


def require_alone(sending: Submission, jobs: Sequence["Job"]) -> None:
    """`ClusterError` where a job that runs, or waits to, has the same study in the same store."""
    same = ("frlib.study", "frlib.store")
    for job in jobs:
        if not job.is_over and all(job.metadata.get(k) == sending.metadata[k] for k in same):
            raise ClusterError(
                f"{job.id} ({job.status.lower()}, of {job.metadata.get('frlib.user', '?')}) has "
                "this study in this store already. Follow it (frlib cluster logs -f), stop it "
                "(frlib cluster stop), or send this one all the same with --anyway"
            )


def about(study: str, store: str) -> dict[str, str]:
    """What is written on a job, so that people who share a cluster know whose it is."""
    told = checkout.told()
    found = {"frlib.study": study, "frlib.user": _user(), "frlib.store": redacted(store)}
    return found | ({"frlib.commit": told["commit"]} if told else {})


def _lasting(store: str) -> None:
    if "://" not in store and not Path(store).is_absolute():
        raise ConfigError(
            f"--store {store}: a job runs in a copy of the working folder that is thrown away, and "
            "a relative store with it. Name a folder that every node sees, or a URI such as "
            "s3://bucket/frlib"
        )


def _no_credentials(text: str, what: str) -> None:
    if has_credentials(text):
        raise ConfigError(
            f"{what}: {redacted(text)} has a user or password in it, and would be kept and shown "
            "as plain text. Take it out, and set it in the environment of the nodes "
            "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD)"
        )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
