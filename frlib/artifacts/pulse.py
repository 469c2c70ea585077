"""Files by which a process shows that it lives: it counts in them, and others watch the count.

No clock is compared with that of another machine: who watches measures by its own clock how long
the count has stood still.
"""

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pace:
    """beat_s: between two counts. patience_s: how long a count may stand still until it is dead."""

    beat_s: float = 2.0
    patience_s: float = 30.0

    @property
    def look_s(self) -> float:
        """Between two looks of somebody who waits."""
        return self.beat_s / 4


PACE = Pace()


@dataclass(frozen=True)
class Owner:
    """Whose file it is, and what for."""

    host: str
    pid: int
    token: str
    purpose: str


class Pulse:
    """A file of this process, new (`FileExistsError` where there is one), counted in till closed.

    The count goes through the open file: a process that was taken for dead never writes into the
    file of the one that came after it.
    """

    def __init__(self, path: Path, purpose: str, pace: Pace, token: str) -> None:
        self.path, self.token = path, token
        self._pace, self._count = pace, 0
        self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644)
        about = {"host": socket.gethostname(), "pid": os.getpid()}
        line = json.dumps(about | {"token": token, "purpose": purpose}).encode() + b"\n"
        self._at = len(line)
        try:
            os.pwrite(self._file, line, 0)
            self._write()
        except OSError:
            os.close(self._file)
            path.unlink(missing_ok=True)
            raise
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"pulse {path.name}", daemon=True)
        self._thread.start()

    @property
    def is_there(self) -> bool:
        """Whether the file under that name is still this one."""
        found = owner(self.path)
        return found is not None and found.token == self.token

    def close(self) -> None:
        """Stop counting and remove the file."""
        self._closing.set()
        self._thread.join()
        os.close(self._file)
        if self.is_there:
            self.path.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._closing.wait(self._pace.beat_s):
            self._count += 1
            with suppress(OSError):  # a disk that is away for a moment: the next beat tries again
                self._write()

    def _write(self) -> None:
        os.pwrite(self._file, b"%012d\n" % self._count, self._at)
        os.fsync(self._file)


class Watch:
    """Remembers how long the count of files has stood still."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._seen: dict[Path, tuple[bytes, float]] = {}

    def is_dead(self, path: Path) -> bool:
        """Whether this file has stood still for all of the patience; of one that is gone: false."""
        found, now = _content(path), time.monotonic()
        if found is None:
            return False
        before = self._seen.get(path)
        if before is None or before[0] != found:
            self._seen[path] = (found, now)
            return False
        return now - before[1] >= self._pace.patience_s


def owner(path: Path) -> Owner | None:
    """Whose file it is; None of one that is gone or was cut off when it was made."""
    found = _content(path)
    try:
        return None if found is None else Owner(**json.loads(found.partition(b"\n")[0]))
    except (ValueError, TypeError):
        return None


def living(paths: Iterable[Path], pace: Pace) -> set[Path]:
    """Those of these files that are counted in; waits until that is known, `patience_s` at most."""
    watch, alive = Watch(pace), set[Path]()
    first = {path: _content(path) for path in paths}
    open_ = {path for path, content in first.items() if content is not None}
    while open_:
        for path in list(open_):
            found = _content(path)
            if found is not None and found != first[path]:
                alive.add(path)
            if path in alive or found is None or watch.is_dead(path):
                open_.discard(path)
        if open_:
            time.sleep(pace.look_s)
    return alive


def new_token() -> str:
    """A name that nobody else has."""
    return secrets.token_hex(8)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
