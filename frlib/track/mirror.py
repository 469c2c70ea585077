"""Records -> MLflow: study ▸ arm ▸ replicate ▸ attempt, sent as often as one likes.

One MLflow experiment a study (`frlib/<study>`): its runs share parameters and metrics, so the
server's own comparison and search work on one question, and a study can be archived whole. A
replicate's run has its settings, its whole curve and the numbers that count; each attempt below it
has what it ended with. Every run carries `frlib.key`, by which it is found again before one is
created, so a lost memory makes no double; a double that a late server has made is deleted.

The record files go along as artefacts (folder `records`): `frlib.track.restore` rebuilds a study's
folder from the server alone. Mirrors of the earlier form (the attempt below the arm) are brought
into this one.
"""

import logging
from pathlib import Path

from filelock import FileLock, Timeout

from frlib.core.errors import TrackingError
from frlib.records import read
from frlib.track import tags, wanted
from frlib.track.memory import Memory, Sent
from frlib.track.mlflow import Server
from frlib.track.models import Models, Registered, register
from frlib.track.sender import Sender
from frlib.track.uri import shown

log = logging.getLogger(__name__)

_LOCK = ".mlflow.lock"
_LOCK_WAIT_S = 60.0


class Mirror:
    """Sends one study's records to one server. Keep it: it remembers what the server has."""

    def __init__(
        self,
        study_folder: Path,
        uri: str,
        artifacts: str | None = None,
        models: Models | None = None,
    ) -> None:
        """artifacts: where a new experiment keeps artefacts; None leaves it to the server.

        models: writes the model of a run for the registry; None registers none.
        """
        self.uri = uri
        self.registered = Registered()
        self._folder = study_folder
        self._artifacts = artifacts
        self._models = models
        self._server: Server | None = None
        self._memory: Memory | None = None

    def sync(self, *, ended: bool = True, afresh: bool = False) -> None:
        """Send what the server lacks. Running it again sends nothing twice.

        ended: nothing of this study is running any more, so what is open is ended there, and the
        winners' models are registered. afresh: send everything, also what was sent before. A
        `TrackingError` names the server when it does not answer; the next call goes on from there.
        """
        try:
            with FileLock(self._folder / _LOCK, timeout=_LOCK_WAIT_S):
                if ended:
                    self._memory = None
                self._sync(ended, afresh)
        except Timeout:
            raise TrackingError(
                f"{shown(self.uri)}: another process has been sending this study for "
                f"{_LOCK_WAIT_S:.0f} s; wait for it, or end it, and sync again"
            ) from None
        except TrackingError:
            self._memory = None
            raise

    def _sync(self, ended: bool, afresh: bool) -> None:
        records = read.outline(self._folder)
        server, memory = self._open(str(records.study["name"]), afresh)
        send = Sender(server, memory, records)
        try:
            for run in wanted.runs(records, ended=ended):
                send.send(run)
            if ended and self._models is not None:
                self.registered = register(server, memory, records, self._models)
            send.close(ended=ended)
        finally:
            memory.save()

    def _open(self, study: str, afresh: bool) -> tuple[Server, Memory]:
        if self._server is None:
            name = tags.experiment_name(study)
            self._server = Server(self.uri, name, self._artifacts, create=True)
        if self._memory is None:
            kept = Memory.open(self._folder, self.uri)
            if afresh:
                kept.runs, kept.models = {}, {}
            self._memory = _recalled(kept, self._server, afresh)
        return self._server, self._memory


def _recalled(memory: Memory, server: Server, afresh: bool) -> Memory:
    """What was remembered, for runs that the server has; and runs that only the server knows."""
    found: dict[str, Sent] = {}
    doubles: list[str] = []
    for run in server.runs():
        key = run.tags.get(tags.KEY)
        if key is None:
            continue
        known = memory.runs.get(key)
        if known is not None and known.run_id == run.run_id:
            if key in found:
                doubles.append(found[key].run_id)
            found[key] = known
        elif key in found:
            doubles.append(run.run_id)
        else:
            found[key] = Sent(run.run_id, tags={} if afresh else dict(run.tags))
            memory.params[run.run_id] = run.params
    for run_id in doubles:
        log.info("a late answer had made a run twice; the copy %s is deleted", run_id)
        server.delete(run_id)
    memory.runs = found
    return memory
