"""Records -> MLflow: study ▸ arm ▸ replicate, sent as often as one likes.

One MLflow experiment a study (`frlib/<study>`): its runs share parameters and metrics, so the
server's own comparison and search work on one question, and a study can be archived whole.
An attempt of a replicate is one run, nearly always one a replicate: a resumed run never mixes its
numbers with those of the attempt that died. Every run carries `frlib.key`, by which it is found
again before one is created, so a lost reply or a lost memory makes no double.

The record files go along as artefacts (folder `records`): `frlib.track.restore` rebuilds a study's
folder from the server alone.
"""

import hashlib
import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from frlib.core.config import canonical
from frlib.core.errors import TrackingError
from frlib.records import layout, parts, read, select
from frlib.records.compact import compact
from frlib.records.read import Arm, Attempt, Records
from frlib.track.memory import Memory, Sent
from frlib.track.mlflow import Ending, Point, Server
from frlib.track.uri import shown

log = logging.getLogger(__name__)

RECORDS = "records"
TABLES = "tables"
KEY, KIND, SYNCED = "frlib.key", "frlib.kind", "frlib.synced"
_LOCK = ".mlflow.lock"
_LOCK_WAIT_S = 60.0
_ENDINGS: dict[str, Ending] = {
    "complete": "FINISHED",
    "failed": "FAILED",
    "stopped": "KILLED",
    "interrupted": "KILLED",
}


def experiment_name(study: str) -> str:
    """The experiment of a study."""
    return f"frlib/{study}"


class Mirror:
    """Sends one study's records to one server. Keep it: it remembers what the server has."""

    def __init__(self, study_folder: Path, uri: str, artifacts: str | None = None) -> None:
        """artifacts: where a new experiment keeps artefacts; None leaves it to the server."""
        self.uri = uri
        self._folder = study_folder
        self._artifacts = artifacts
        self._server: Server | None = None
        self._memory: Memory | None = None

    def sync(self, *, ended: bool = True) -> None:
        """Send what the server lacks. Running it again sends nothing twice.

        ended: nothing of this study is running any more, so its run is terminated. A
        `TrackingError` names the server when it does not answer; the next call goes on from there.
        """
        try:
            with FileLock(self._folder / _LOCK, timeout=_LOCK_WAIT_S):
                self._sync(ended)
        except Timeout:
            raise TrackingError(
                f"{shown(self.uri)}: another process has been sending this study for "
                f"{_LOCK_WAIT_S:.0f} s; wait for it, or end it, and sync again"
            ) from None
        except TrackingError:
            self._memory = None
            raise

    def _sync(self, ended: bool) -> None:
        records = read.outline(self._folder)
        server, memory = self._open(str(records.study["name"]))
        send = _Sender(server, memory, records)
        send.study()
        for arm in records.arm_list:
            send.arm(arm)
        for attempt in records.attempts:
            send.attempt(attempt)
        send.close(ended)

    def _open(self, study: str) -> tuple[Server, Memory]:
        if self._server is None:
            self._server = Server(self.uri, experiment_name(study), self._artifacts, create=True)
        if self._memory is None:
            self._memory = _recalled(Memory.open(self._folder, self.uri), self._server)
        return self._server, self._memory


def _recalled(memory: Memory, server: Server) -> Memory:
    """What was remembered, for runs that the server has; and runs that only the server knows."""
    found: dict[str, Sent] = {}
    for run in server.runs():
        key = run.tags.get(KEY)
        if key is None:
            continue
        known = memory.runs.get(key)
        if known is not None and known.run_id == run.run_id:
            found[key] = known
        else:
            found.setdefault(key, Sent(run.run_id))
    memory.runs = found
    memory.save()
    return memory


class _Sender:
    """One pass over the records."""

    def __init__(self, server: Server, memory: Memory, records: Records) -> None:
        self._server = server
        self._memory = memory
        self._records = records
        self._name = str(records.study["name"])

    def study(self) -> None:
        study = self._records.study
        sent = self._run(
            "study",
            self._name,
            "study",
            None,
            None,
            {
                "mlflow.note.content": " ".join(str(study.get("question", "")).split()),
                "frlib.selection": select.rule(study),
                "frlib.store": self._records.folder.absolute().parents[1].as_posix(),
            },
        )
        self._files(sent, [self._records.folder / "study.json"], RECORDS)

    def arm(self, arm: Arm) -> None:
        name = ", ".join([*_cell(arm), *_params(arm)])
        sent = self._run(f"arm/{arm.digest}", name, "arm", "study", None, {"frlib.arm": arm.digest})
        if not sent.described:
            self._describe(sent, arm)
        folder = layout.arm_folder(self._records.folder, arm.digest)
        files = [folder / name for name in ("arm.json", "verdict.json")]
        self._files(sent, [path for path in files if path.is_file()], RECORDS)
        if arm.status != "running" and sent.status != arm.status:
            self._conclude(sent, arm)

    def attempt(self, one: Attempt) -> None:
        run = one.run
        arm = next(arm for arm in self._records.arm_list if arm.digest == one.arm)
        name = f"seed {one.seed}" + (f", attempt {one.attempt}" if one.attempt else "")
        sent = self._run(
            f"arm/{one.arm}/r{one.seed}/a{one.attempt}",
            name,
            "replicate",
            f"arm/{one.arm}",
            _milliseconds(run["started"]),
            {
                "frlib.arm": one.arm,
                "frlib.seed": str(one.seed),
                "frlib.attempt": str(one.attempt),
            },
        )
        if not sent.described:
            self._describe(sent, arm)
        self._metrics(sent, one)
        self._attempt_files(sent, one)
        if one.ended and sent.status != one.status:
            self._end(sent, one.status, str(run["reason"]), _milliseconds(run.get("ended")))

    def close(self, ended: bool) -> None:
        sent = self._memory.runs["study"]
        files = sorted((self._records.folder / TABLES).glob("*.*"))
        self._tables(sent, [path for path in files if not path.name.startswith(".")])
        open_arms = any(arm.status == "running" for arm in self._records.arm_list)
        if ended:
            counts = f"{len(self._records.arm_list)} arms, {len(self._records.attempts)} attempts"
            self._tags(sent, {SYNCED: counts})
            status = "interrupted" if open_arms else "complete"
            if sent.status != status:
                self._end(sent, status, "", None)
        elif sent.status:
            self._server.reopen(sent.run_id)
            self._tags(sent, {SYNCED: ""})
            sent.status = ""
            self._memory.save()

    def _run(
        self,
        key: str,
        name: str,
        kind: str,
        parent: str | None,
        start_ms: int | None,
        tags: Mapping[str, str],
    ) -> Sent:
        sent = self._memory.runs.get(key)
        if sent is None:
            above = None if parent is None else self._memory.runs[parent].run_id
            every = {KEY: key, KIND: kind, "frlib.study": self._name, **tags}
            sent = Sent(self._server.create_run(name, every, above, start_ms))
            self._memory.runs[key] = sent
            self._memory.save()
        return sent

    def _describe(self, sent: Sent, arm: Arm) -> None:
        axes = {f"axis.{axis}": value for axis, value in arm.cell.items()}
        searched = {f"searched.{path}": value for path, value in arm.params.items()}
        self._server.params(sent.run_id, axes | searched | dict(_flat(arm.config)))
        self._server.datasets(sent.run_id, arm.datasets)
        tags = {f"frlib.data.{name}": digest for name, digest in arm.datasets.items()}
        self._server.tags(sent.run_id, tags | {"frlib.selection": select.rule(self._records.study)})
        sent.described = True
        self._memory.save()

    def _metrics(self, sent: Sent, one: Attempt) -> None:
        new = layout.parts(one.folder, "metrics")[sent.parts :]
        if not new:
            return
        points = [
            Point(row["name"], row["value"], int(row["time"] * 1000), row["step"])
            for path in new
            for row in parts.read(path, "metrics").to_pylist()
        ]
        self._server.metrics(sent.run_id, points)
        sent.parts += len(new)
        self._memory.save()

    def _conclude(self, sent: Sent, arm: Arm) -> None:
        """The arm's run gets the mean over its replicates of every final number, and its end."""
        mine = [one for one in self._records.attempts if one.arm == arm.digest]
        finals = replace(self._records, attempts=tuple(mine)).finals
        ends = [time for one in mine if (time := _milliseconds(one.run.get("ended"))) is not None]
        now = max(ends, default=0)
        points = [
            Point(str(name), float(value), now, 0)
            for name, value in finals.groupby("name")["value"].mean().items()
        ]
        if points:
            self._server.metrics(sent.run_id, points)
        replicates = str(sum(one.counts for one in mine))
        self._tags(sent, {"frlib.replicates": replicates})
        self._end(sent, arm.status, arm.message, now or None)

    def _end(self, sent: Sent, status: str, reason: str, end_ms: int | None) -> None:
        self._tags(sent, {"frlib.status": status, "frlib.reason": reason})
        self._server.end(sent.run_id, _ENDINGS[status], end_ms)
        sent.status = status
        self._memory.save()

    def _tags(self, sent: Sent, tags: Mapping[str, str]) -> None:
        new = {name: value for name, value in tags.items() if sent.tags.get(name) != value}
        if new:
            self._server.tags(sent.run_id, new)
            sent.tags |= new
            self._memory.save()

    def _attempt_files(self, sent: Sent, one: Attempt) -> None:
        """While it runs only run.json goes along; when it has ended, all rows in compact form."""
        stamp = _stamp([one.folder / "run.json"]) + one.status
        if sent.files == stamp:
            return
        with tempfile.TemporaryDirectory(prefix="frlib-") as aside:
            files = compact(one, Path(aside)) if one.ended else [one.folder / "run.json"]
            self._server.upload(sent.run_id, files, RECORDS)
        sent.files = stamp
        self._memory.save()

    def _files(self, sent: Sent, files: Sequence[Path], folder: str) -> None:
        stamp = _stamp(files)
        if sent.files != stamp:
            self._server.upload(sent.run_id, files, folder)
            sent.files = stamp
            self._memory.save()

    def _tables(self, sent: Sent, files: Sequence[Path]) -> None:
        stamp = _stamp(files)
        if files and sent.tables != stamp:
            self._server.upload(sent.run_id, files, TABLES)
            sent.tables = stamp
            self._memory.save()


def _stamp(files: Sequence[Path]) -> str:
    text = hashlib.sha256()
    for path in files:
        text.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return text.hexdigest()[:16]


def _cell(arm: Arm) -> list[str]:
    return [
        str(value) if isinstance(value, str) else f"{'.'.join(axis.split('.')[-2:])} {value}"
        for axis, value in arm.cell.items()
    ]


def _params(arm: Arm) -> list[str]:
    return [
        f"{path.rpartition('.')[2]} {value:.4g}" if isinstance(value, float) else f"{path} {value}"
        for path, value in arm.params.items()
    ]


def _flat(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            found += _flat(inner, f"{prefix}{name}.")
        else:
            plain = inner is None or isinstance(inner, (bool, int, float, str))
            found.append((f"{prefix}{name}", inner if plain else canonical(inner)))
    return found


def _milliseconds(moment: str | None) -> int | None:
    return None if moment is None else int(datetime.fromisoformat(moment).timestamp() * 1000)
