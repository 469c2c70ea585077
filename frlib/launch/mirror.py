"""The MLflow mirror beside a running study: fed from the records, never in the way of training."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from frlib.core.errors import TrackingError
from frlib.track.background import Background
from frlib.track.mirror import Mirror
from frlib.track.uri import resolve, shown


@dataclass
class Outcome:
    """How mirroring ended; `error` is None when the server has everything."""

    uri: str = ""
    error: TrackingError | None = None


@contextmanager
def beside(study_folder: Path, store: Path, *, off: bool = False) -> Iterator[Outcome]:
    """Mirror a study while the body runs, and once more, with its tables, when it is over."""
    outcome = Outcome()
    if off:
        yield outcome
        return
    uri, artifacts = resolve(store)
    outcome.uri = shown(uri)
    background = Background(Mirror(study_folder, uri, artifacts))
    try:
        yield outcome
    finally:
        outcome.error = background.close()


def sync(study_folder: Path, store: Path) -> str:
    """Send everything now; returns the server's URI. `TrackingError` when it does not answer."""
    uri, artifacts = resolve(store)
    Mirror(study_folder, uri, artifacts).sync()
    return shown(uri)
