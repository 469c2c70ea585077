"""The Optuna journal of a study: one writer, any number of readers, the dashboard among them.

Records are the truth; the journal is what a sampler knows. `optuna-dashboard optuna.journal` shows
it while the study runs.
"""

import itertools
import json
import logging
import time
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from frlib.core import safeio

log = logging.getLogger(__name__)
NAME = "optuna.journal"


def storage(path: Path) -> JournalStorage:
    """Open or create it.

    A journal torn by a crash is set aside and begun anew from the lines before the damage; what is
    lost of it is in the records as well.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        lines = path.read_bytes().splitlines(keepends=True)
        whole = list(itertools.takewhile(_is_whole, lines))
        if len(whole) < len(lines):
            aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
            path.rename(aside)
            safeio.write_bytes(path, b"".join(whole))
            log.warning("%s: torn at line %d; set aside as %s", path, len(whole) + 1, aside.name)
    return JournalStorage(JournalFileBackend(str(path)))


def _is_whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return line.endswith(b"\n")
