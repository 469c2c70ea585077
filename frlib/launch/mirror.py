"""The MLflow mirror beside a running study: fed from the records, never in the way of training."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from frlib.core import published
from frlib.core.errors import TrackingError
from frlib.records import layout
from frlib.study import driver
from frlib.track import check as checking
from frlib.track.background import Background
from frlib.track.mirror import Mirror
from frlib.track.models import Models, Registered
from frlib.track.uri import default_artifacts, default_uri, resolve, shown

MODELS = "FRLIB_MLFLOW_MODELS"
"""Set to 0, no model is sent to MLflow's registry."""


@dataclass
class Outcome:
    """How mirroring ended; `error` is None when the server has everything.

    registered: models that went to its registry this time.
    """

    uri: str = ""
    error: TrackingError | None = None
    registered: Registered = field(default_factory=Registered)


@contextmanager
def beside(study_folder: Path, store: Path, *, off: bool = False) -> Iterator[Outcome]:
    """Mirror a study while the body runs, and once more, with its tables, when it is over."""
    outcome = Outcome()
    if off:
        yield outcome
        return
    uri, artifacts = resolve(store)
    outcome.uri = shown(uri)
    mirror = Mirror(study_folder, uri, artifacts, _models())
    background = Background(mirror)
    try:
        yield outcome
    finally:
        outcome.error = background.close()
        outcome.registered = mirror.registered


def sync(study_folder: Path, store: Path, uri: str = "", *, models: bool = True) -> Outcome:
    """Send everything now. `TrackingError` when the server does not answer."""
    return _send(study_folder, store, uri, models=models, afresh=False)


def rebuild(store: Path, uri: str = "", *, models: bool = True) -> Iterator[tuple[str, Outcome]]:
    """Send every study of a store as if nothing had been sent; each study with its outcome."""
    for name in layout.recorded_studies(store):
        folder = layout.study_folder(store, name)
        yield name, _send(folder, store, uri, models=models, afresh=True)


def check(
    study_folder: Path, store: Path, uri: str = "", *, every_point: bool = False
) -> tuple[str, list[str]]:
    """(server's URI, differences between it and the records), see `frlib.track.check`."""
    server, _ = _server(store, uri)
    ended = not _is_run(study_folder)
    found = checking.check(study_folder, server, ended=ended, every_point=every_point)
    return shown(server), found


def _send(study_folder: Path, store: Path, uri: str, *, models: bool, afresh: bool) -> Outcome:
    server, artifacts = _server(store, uri)
    mirror = Mirror(study_folder, server, artifacts, _models() if models else None)
    mirror.sync(ended=not _is_run(study_folder), afresh=afresh)
    return Outcome(shown(server), None, mirror.registered)


def _server(store: Path, uri: str) -> tuple[str, str | None]:
    if uri == default_uri(store):
        return uri, default_artifacts(store)
    return (uri, None) if uri else resolve(store)


def _models() -> Models | None:
    if os.environ.get(MODELS, "") == "0":
        return None
    from frlib.export import registered

    return registered.write


def _is_run(study_folder: Path) -> bool:
    """Whether a process runs this study now."""
    try:
        with FileLock(study_folder / layout.RUN_LOCK, timeout=0):
            found = None if published.upstream(study_folder) is None else driver.find(study_folder)
            return found is not None and found.is_alive
    except Timeout:
        return True
