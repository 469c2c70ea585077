"""Who does something alone, over all machines that see a store.

A claim is an object that its holder writes anew every few seconds, with a count in it. Who wants
one writes its own and lists after that: it has the claim only if no other is listed. Of two that
come at once, whichever wrote last sees the other; both may lose, and try again after a random
while, but both can never win, given that a listing shows what was written before it (as S3's do).

No clock is compared with another machine's: who waits measures by its own how long a count has
stood still, leaving out the time in which the store did not answer. A claim that stood still for
too long is dead, and the next one names it: should its holder come back, it finds that it lost.
"""

import json
import os
import random
import secrets
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frlib.core.errors import StoreError
from frlib.core.processes import lives
from frlib.remote import names
from frlib.remote.far import Far


@dataclass(frozen=True)
class Pace:
    """beat_s: between two counts. patience_s: how long one may stand still until it is dead.

    gap_s: of the time between two looks, at most so much counts.
    """

    beat_s: float = 5.0
    patience_s: float = 60.0
    gap_s: float = 10.0


PACE = Pace()
_CALL_S = 20.0


@dataclass
class _Seen:
    """What this process has seen of a claim of another one."""

    count: int
    still_s: float
    looked: float
    is_moving: bool = False


class Claims:
    """Of one store."""

    def __init__(self, far: Far, pace: Pace = PACE) -> None:
        self._far, self._pace = far, pace
        self._seen: dict[str, _Seen] = {}
        self._lock = threading.Lock()

    def take(self, name: str, purpose: str) -> "Taken | None":
        """The claim of this name; None while another has it, or may have it."""
        with self._lock:
            dead, living = self._look(name)
        if living:
            return None
        taken = Taken(self._far, name, purpose, self._pace, tuple(dead))
        try:
            with self._lock:
                _, living = self._look(name, but=taken.token)
            for token in () if living else dead:
                self._far.remove(path(name, token), _CALL_S)
        except BaseException:  # it would count on, and this process would wait for itself
            taken.release()
            raise
        if living:
            taken.release()
            time.sleep(random.uniform(0.0, self._pace.beat_s / 2))
            return None
        return taken

    def holder(self, name: str) -> tuple[str, bool]:
        """(whose claim it is, in words; whether this process has seen it count)."""
        with self._lock:
            _, living = self._look(name)
            for token, told in living.items():
                return f"process {told['pid']} on {told['host']}", self._seen[token].is_moving
        return "", False

    def _look(self, name: str, but: str = "") -> tuple[list[str], dict[str, Any]]:
        """(tokens of the dead, what the others tell by their token)."""
        dead, living = [], {}
        for key in self._far.list(folder(name), _CALL_S):
            token = Path(key).stem
            data = None if token == but else self._far.read(key, _CALL_S)
            told = _told(data)
            if told is None:
                continue
            if self._is_dead(token, told):
                dead.append(token)
            else:
                living[token] = told
        return dead, living

    def _is_dead(self, token: str, told: Mapping[str, Any]) -> bool:
        if told["where"] == _where() and not lives(int(told["pid"])):
            return True
        now, count = time.monotonic(), int(told["count"])
        seen = self._seen.get(token)
        if seen is None:
            self._seen[token] = _Seen(count, 0.0, now)
            return False
        if seen.count != count:
            self._seen[token] = _Seen(count, 0.0, now, is_moving=True)
            return False
        seen.still_s += min(now - seen.looked, self._pace.gap_s)
        seen.looked = now
        return seen.still_s >= self._pace.patience_s


class Taken:
    """A claim of this process; `release` it, whatever happens."""

    def __init__(
        self, far: Far, name: str, purpose: str, pace: Pace, dead: tuple[str, ...]
    ) -> None:
        self._far, self._name, self._pace = far, name, pace
        self.token = secrets.token_hex(8)
        self._about = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "where": _where(),
            "purpose": purpose,
            "after": list(dead),
        }
        self._count = 0
        self._lost, self._closing = threading.Event(), threading.Event()
        self._write()
        self._thread = threading.Thread(target=self._live, name=f"claim {name}", daemon=True)
        self._thread.start()

    @property
    def is_held(self) -> bool:
        """False once another process took it for dead."""
        return not self._lost.is_set()

    def release(self) -> None:
        """Let others have it."""
        self._closing.set()
        self._thread.join()
        with suppress(StoreError):  # it dies by itself where the store is away
            self._far.remove(path(self._name, self.token), _CALL_S)

    def _live(self) -> None:
        while not self._closing.wait(self._pace.beat_s):
            try:
                if self._is_superseded():
                    self._lost.set()
                    return
                self._count += 1
                self._write()
            except StoreError:
                continue  # it is away for all; the next beat tries again

    def _is_superseded(self) -> bool:
        others = self._far.list(folder(self._name), self._pace.beat_s)
        own = path(self._name, self.token)
        for key in others:
            told = None if key == own else _told(self._far.read(key, self._pace.beat_s))
            if told is not None and self.token in told["after"]:
                return True
        return own not in others

    def _write(self) -> None:
        told = json.dumps(self._about | {"count": self._count}).encode()
        self._far.put_bytes(path(self._name, self.token), told, self._pace.beat_s)


def folder(name: str) -> str:
    """Where the claims of this name are."""
    return f"{names.CLAIMS}/{name.replace('/', '~')}"


def path(name: str, token: str) -> str:
    """The key of one claim."""
    return f"{folder(name)}/{token}.json"


def _told(data: bytes | None) -> dict[str, Any] | None:
    """None of one that is gone, or is no claim."""
    try:
        told = None if data is None else json.loads(data)
    except ValueError:
        return None
    known = {"host", "pid", "where", "after", "count"}
    return told if isinstance(told, dict) and known <= told.keys() else None


def _where() -> str:
    """Tells machines and containers apart: a process number means the same where this is equal."""
    found = [socket.gethostname()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        with suppress(OSError):
            one = Path(path)
            found.append(str(one.readlink()) if one.is_symlink() else one.read_text().strip())
    return " ".join(found)
