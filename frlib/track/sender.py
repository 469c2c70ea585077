"""One pass over a study's records: every run gets what the server does not have of it yet."""

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from frlib.core import safeio
from frlib.core.errors import TrackingError
from frlib.records import layout
from frlib.records.compact import compact
from frlib.records.read import Attempt, Records
from frlib.track import numbers, tags, wanted
from frlib.track.flat import PARAMS_FILE
from frlib.track.memory import Memory, Sent
from frlib.track.mlflow import ENDINGS, Server
from frlib.track.numbers import Point
from frlib.track.wanted import Wanted


class Sender:
    """Feeds one server from one study's records.

    A run costs one call to create it, one for what is new on it and one to end it, and one a file.
    Where files cannot be stored, everything else is sent first; `close` raises that failure.
    """

    def __init__(self, server: Server, memory: Memory, records: Records) -> None:
        self._server = server
        self._memory = memory
        self._records = records
        self._refused: TrackingError | None = None

    def send(self, run: Wanted) -> None:
        """What is new of one run; its parent has been sent before."""
        sent = self._memory.runs.get(run.key) or self._create(run)
        if not sent.described:
            self._server.datasets(sent.run_id, run.datasets)
        points, curve = _new_rows(run, sent)
        rows = sent.rows + len(points)
        ends = run.status != "running"
        is_final = ends and sent.numbers != run.stamp
        if is_final:
            points += run.numbers()
        told = self._tags(run)
        if run.curve:
            told[tags.ROWS] = str(rows)
        if ends:
            self._files(run, sent, told)
        known = self._memory.params.get(sent.run_id, {})
        params = {} if sent.described else run.params.values
        self._server.log(
            sent.run_id,
            params={name: value for name, value in params.items() if name not in known},
            tags={name: value for name, value in told.items() if sent.tags.get(name) != value},
            points=points,
        )
        sent.described = True
        sent.tags |= told
        if is_final:
            sent.numbers = run.stamp
        sent.curve, sent.rows = curve, rows
        self._status(sent, run)

    def close(self, *, ended: bool) -> None:
        """Tables and figures; then that all is there, or the `TrackingError` of a refused file."""
        sent = self._memory.runs[tags.STUDY]
        for folder, path in wanted.outputs(self._records.folder):
            name, stamp = f"{folder}/{path.name}", file_stamp([path])
            if sent.outputs.get(name) != stamp and self._upload(sent, [path], folder):
                sent.outputs[name] = stamp
        if self._refused is not None:
            raise self._refused
        records = self._records
        counts = f"{len(records.arm_list)} arms, {len(records.attempts)} attempts"
        told = counts if ended else ""
        if sent.tags.get(tags.SYNCED, "") != told:
            self._server.log(sent.run_id, tags={tags.SYNCED: told})
            sent.tags[tags.SYNCED] = told

    def _create(self, run: Wanted) -> Sent:
        told = self._tags(run)
        sent = Sent(self._server.create_run(run.name, told, run.started), tags=told)
        self._memory.runs[run.key] = sent
        return sent

    def _tags(self, run: Wanted) -> dict[str, str]:
        found = {tags.KEY: run.key, tags.KIND: run.kind, tags.NAME: run.name, **run.tags}
        if run.parent is not None:
            found[tags.PARENT] = self._memory.runs[run.parent].run_id
        return found

    def _files(self, run: Wanted, sent: Sent, told: dict[str, str]) -> None:
        stamp = run_stamp(run)
        if not stamp or sent.tags.get(tags.FILES) == stamp:
            return
        with tempfile.TemporaryDirectory(prefix="frlib-") as aside:
            folder = Path(aside)
            files = [path for _, path in run.files]
            if run.attempt is not None:
                files += compact(run.attempt, folder)
            if run.params.long and run.kind == "arm":
                safeio.write_json(folder / PARAMS_FILE, dict(run.params.long))
                if not self._upload(sent, [folder / PARAMS_FILE], ""):
                    return
            if self._upload(sent, files, tags.RECORDS):
                told[tags.FILES] = stamp

    def _upload(self, sent: Sent, files: Sequence[Path], folder: str) -> bool:
        if self._refused is not None:
            return False
        try:
            self._server.upload(sent.run_id, files, folder)
        except TrackingError as error:
            self._refused = error
            return False
        return True

    def _status(self, sent: Sent, run: Wanted) -> None:
        if run.status == sent.status:
            return
        if run.status == "running":
            if sent.status:
                self._server.reopen(sent.run_id)
            sent.status = ""
        else:
            self._server.end(sent.run_id, ENDINGS[run.status], run.ended)
            sent.status = run.status


def _new_rows(run: Wanted, sent: Sent) -> tuple[list[Point], dict[str, int]]:
    """Rows that are not on its curve yet, and how many parts of each attempt will be."""
    points: list[Point] = []
    curve = dict(sent.curve)
    for one in run.curve:
        number = str(one.attempt)
        new = layout.parts(one.folder, "metrics")[curve.get(number, 0) :]
        points += numbers.rows(new)
        curve[number] = curve.get(number, 0) + len(new)
    return points, curve


def run_stamp(run: Wanted) -> str:
    """Of the record files that go along with a run; empty where none do."""
    if run.attempt is not None:
        return attempt_stamp(run.attempt)
    return file_stamp(path for _, path in run.files) if run.files else ""


def attempt_stamp(one: Attempt) -> str:
    """Of all its tables: by the checksums in `run.json`, by names and sizes where it has no end."""
    text = hashlib.sha256((one.folder / "run.json").read_bytes())
    for path in sorted(one.folder.glob("*.parquet")):
        text.update(f"{path.name} {path.stat().st_size}\n".encode())
    return text.hexdigest()[:16]


def file_stamp(files: Iterable[Path]) -> str:
    """Of names and bytes."""
    text = hashlib.sha256()
    for path in files:
        text.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return text.hexdigest()[:16]
