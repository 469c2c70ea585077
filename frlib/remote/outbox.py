"""The thread that sends what is marked, in order; it waits and tries again while a store is away.

Every process sends what it wrote. What a killed process left is sent by whichever comes next.
"""

import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from frlib.core import safeio
from frlib.core.errors import RecordError, StoreError
from frlib.core.processes import lives
from frlib.data.storage.places import Stamp
from frlib.remote import names
from frlib.remote.far import PATIENCE, Far
from frlib.remote.marks import Mark, Marks

log = logging.getLogger(__name__)
_IDLE_S, _LEFT_S, _TRY_S = 5.0, 600.0, 2.0
_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.5, 15.0


class Outbox:
    """Of one working copy, in this process."""

    def __init__(self, root: Path, far: Far, marks: Marks) -> None:
        self._root, self._far, self._marks = root, far, marks
        self._queue: deque[Mark] = deque()
        self._change = threading.Condition()
        self._closing = False
        self._sent = 0
        self._trouble: StoreError | None = None
        self._thread = threading.Thread(target=self._live, name="outbox", daemon=True)
        self._thread.start()

    def add(self, marks: Iterable[Mark]) -> None:
        """Send these after what waits already."""
        with self._change:
            self._queue.extend(marks)
            self._change.notify_all()

    def flush(self, patience_s: float) -> None:
        """Until all that this process wrote is sent, and what dead ones left.

        `StoreError` when nothing was sent for `patience_s`.
        """
        self._adopt()
        with self._change:
            sent, end = self._sent, time.monotonic() + patience_s
            while self._queue:
                if self._sent != sent:
                    sent, end = self._sent, time.monotonic() + patience_s
                left = 0.0 if self._closing else end - time.monotonic()
                if left <= 0:
                    raise StoreError(
                        f"{self._far.uri}: {len(self._queue):,} files of {self._root} are not "
                        f"sent, and none was in {patience_s:g} s "
                        f"({self._trouble or 'it is slow'}). They are kept here: `frlib store sync "
                        f"--store '{self._far.uri}'` on this machine sends them; "
                        f"{PATIENCE}=SECONDS has every command wait for longer"
                    )
                self._change.wait(min(left, 1.0))

    def close(self) -> None:
        """End the thread, once it has sent what it is at; the rest stays marked."""
        with self._change:
            self._closing = True
            self._change.notify_all()
        self._thread.join(timeout=2 * _TRY_S)

    def _live(self) -> None:
        delay_s = _FIRST_DELAY_S
        while (mark := self._next()) is not None:
            try:
                self._send(mark)
            except Exception as error:
                delay_s = self._failed(mark, error, delay_s)
                continue
            if self._trouble is not None:
                log.warning("%s: answers again", self._far.uri)
            self._trouble, delay_s = None, _FIRST_DELAY_S
            with self._change:
                self._queue.popleft()
                self._sent += 1
                self._change.notify_all()

    def _next(self) -> Mark | None:
        """What is to be sent; None at the end."""
        while True:
            with self._change:
                if self._closing:
                    return None
                if self._queue:
                    return self._queue[0]
                self._change.wait(_IDLE_S)
                if self._queue or self._closing:
                    continue
            self._adopt()

    def _failed(self, mark: Mark, error: Exception, delay_s: float) -> float:
        """Wait for a while; for how long the next time."""
        if self._trouble is None:
            log.warning("%s is not sent yet, it is tried again: %s", mark.name, error)
        self._trouble = error if isinstance(error, StoreError) else StoreError(str(error))
        with self._change:
            if not self._closing:
                self._change.wait_for(lambda: self._closing, delay_s)
        return min(2 * delay_s, _LONGEST_DELAY_S)

    def _send(self, mark: Mark) -> None:
        if not self._marks.is_current(mark):
            return
        key = names.key(mark.name.rstrip("/"))
        stamp = None
        if self._is_another(mark):
            key = None
        if mark.name.endswith("/"):
            self._remove_folder(mark.name)
        elif key is not None:
            try:
                stamp = self._far.put(key, self._root / mark.name, _TRY_S)
            except FileNotFoundError:
                self._far.remove(key, _TRY_S)
        with self._marks.locked():
            if self._marks.is_current(mark):
                if stamp is not None:
                    set_time(self._root / mark.name, stamp)
                self._marks.clear(mark)

    def _remove_folder(self, name: str) -> None:
        """What says that others are whole goes first. What is here again by now is left alone."""
        key = names.key(name.rstrip("/"))
        for found in sorted(self._far.list(key or name, _TRY_S), key=names.rank, reverse=True):
            if not (self._root / found).exists():
                self._far.remove(found, _TRY_S)

    def _adopt(self) -> None:
        """Take over marks that nobody sends, the oldest first."""
        found = [mark for mark in self._marks.every() if _is_left(mark)]
        with self._change:
            mine = {mark.token for mark in self._queue}
            self._queue.extend(mark for mark in found if mark.token not in mine)

    def _is_another(self, mark: Mark) -> bool:
        """Whether another machine has made the attempt anew that a killed process began here.

        Then the store's counts, and this one is given up.
        """
        attempt = names.attempt(mark.name)
        if attempt is None or mark.pid == os.getpid():
            return False
        there = self._far.read(f"{attempt}/run.json", _TRY_S)
        if there is None:
            return False
        try:
            here = safeio.read_json(self._root / attempt / "run.json")
            if json.loads(there)["started"] == here["started"]:
                return False
        except (RecordError, ValueError, KeyError, TypeError):  # one of them is damaged, or gone
            return False
        log.warning("%s: another machine has begun it anew; what is here is given up", attempt)
        return True


def _is_left(mark: Mark) -> bool:
    """By a process that is gone, or seems to be another one of the same number."""
    if mark.pid == os.getpid():
        return False
    return not lives(mark.pid) or time.time_ns() - mark.at > _LEFT_S * 1e9


def set_time(path: Path, stamp: Stamp) -> None:
    """Give a file the time that the store has, by which it is known to be the same."""
    second = stamp.mtime_ns // 1_000_000_000
    os.utime(path, (second, second))


def is_same(path: Path, stamp: Stamp) -> bool:
    """Whether a file here is the one that the store has. Seconds: all that some stores tell."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return (found.st_size, int(found.st_mtime)) == (stamp.size, stamp.mtime_ns // 1_000_000_000)
