"""Files by which a working copy knows what the store has not got yet; they outlive every process.

A mark says that a file here has new content, or is gone: which of the two is seen when it is sent.
It is written before the file gets its name, so there is no moment at which a new file has none. All
marks and names are given under one lock, so that what is brought here never takes the place of
what is to be sent.
"""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

_FOLDER, _LOCK = ".outbox", ".outbox.lock"
_POLL_S = 0.005


@dataclass(frozen=True)
class Mark:
    """name: of the file in the working copy; ends in `/` where a folder is gone.

    token: of this change of it. at: when, ns since 1970. pid: of the process that changed it.
    """

    name: str
    token: str
    at: int
    pid: int


class Marks:
    """Those of one working copy. Safe to use from threads and processes of this machine."""

    def __init__(self, root: Path) -> None:
        self._folder = root / _FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(root / _LOCK)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the names of the working copy, for an instant."""
        with self._lock.acquire(poll_interval=_POLL_S):
            yield

    def make(self, name: str) -> Mark:
        """Note a change; to be called inside `locked`."""
        mark = Mark(name, secrets.token_hex(8), time.time_ns(), os.getpid())
        path = self._path(name)
        aside = path.with_name(f".{path.name}.{mark.token}")
        aside.write_text(json.dumps(asdict(mark)))
        aside.replace(path)
        return mark

    def has(self, name: str) -> bool:
        """Whether a change of this file is not sent yet."""
        return self._path(name).exists()

    def is_current(self, mark: Mark) -> bool:
        """Whether there was no other change of the file since."""
        found = self._read(self._path(mark.name))
        return found is not None and found.token == mark.token

    def clear(self, mark: Mark) -> None:
        """It is sent; to be called inside `locked`."""
        self._path(mark.name).unlink(missing_ok=True)

    def every(self) -> list[Mark]:
        """All of them, the oldest change first."""
        with self.locked():
            found = [self._read(path) for path in self._folder.glob("[!.]*")]
        return sorted((one for one in found if one is not None), key=lambda one: one.at)

    def _path(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode()).hexdigest()[:32]

    @staticmethod
    def _read(path: Path) -> Mark | None:
        try:
            return Mark(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
