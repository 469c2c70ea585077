"""Sets aside what a power cut or a bad copy left half-written, so that a study can go on.

Files are written whole or not at all, so a killed process leaves nothing for this. What belongs to
a run that ended is not touched: reading it says what is wrong. Nothing is deleted: a damaged
attempt gets another name (`damaged-a0`) and its replicate is run again, from its checkpoint if it
has one; of an arm, a damaged description or verdict is written anew. An attempt whose `run.json`
cannot be read does not say that it ended: it counts as one that did not.
"""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from frlib.core import published, safeio
from frlib.core.errors import RecordError
from frlib.records import layout
from frlib.records.schema import ENDED

log = logging.getLogger(__name__)


def heal(study: Path) -> list[Path]:
    """Set aside what is damaged in the folder of a study that nobody writes to; where it was."""
    found = []
    for attempt in sorted(study.glob("arms/*/r*/a*")):
        why = _damage(attempt)
        if why:
            _set_aside(attempt)
            found.append(attempt)
            log.warning("%s: %s; set aside, its replicate is run again", attempt, why)
    for path in sorted([*study.glob("arms/*/arm.json"), *study.glob("arms/*/verdict.json")]):
        if not _is_json(path):
            _set_aside(path)
            found.append(path)
            log.warning("%s: damaged; set aside, it is written anew", path)
    return found


def _damage(attempt: Path) -> str:
    """What is wrong with an attempt that has not ended; empty where nothing is."""
    run = attempt / "run.json"
    if not run.is_file():
        return ""
    if not _is_json(run):
        return "run.json is damaged"
    if safeio.read_json(run).get("status") in ENDED:
        return ""
    return next(_damaged_parts(attempt), "")


def _damaged_parts(attempt: Path) -> Iterator[str]:
    for path in sorted(attempt.glob("*.parquet")):
        try:
            pq.ParquetFile(path).read()
        except (pa.ArrowException, OSError):
            yield f"{path.name} is damaged"


def _is_json(path: Path) -> bool:
    try:
        return isinstance(safeio.read_json(path), dict)
    except RecordError:
        return False


def _set_aside(path: Path) -> None:
    aside, is_folder = _free(path.with_name(f"{layout.DAMAGED}{path.name}")), path.is_dir()
    path.rename(aside)
    published.gone(path, is_folder=is_folder)
    published.placed(aside)


def _free(path: Path) -> Path:
    """The name, or one like it that nothing has."""
    return path.with_name(f"{path.name}-{time.time_ns()}") if path.exists() else path
