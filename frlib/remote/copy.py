"""The working copy of a store on this machine, and `local`, which opens one.

`store.json` in its folder names the URI.
"""

import atexit
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from frlib.core import published, safeio
from frlib.core.errors import DataError, StoreError
from frlib.core.published import Claim
from frlib.remote import address, names
from frlib.remote.claims import Claims
from frlib.remote.far import Far, patience_s
from frlib.remote.inward import Inward, emptied
from frlib.remote.marks import Marks
from frlib.remote.outbox import Outbox

NAME = "store.json"
_OPEN_S, _KNOWN_S, _CLOSE_S = 10.0, 10.0, 10.0
_LOOK_S, _AWAY_S = 2.0, 60.0
"""Patience of a run that looks whether another has taken it up (on S3 an answer that does not come
takes ten seconds all the same), and until it looks again after that: meanwhile it trains."""
_lock = threading.Lock()


def local(store: str | Path) -> Path:
    """The folder of a store: the path itself, or the working copy of the store at a URI.

    `StoreError` where the store does not answer, `ConfigError` for a URI that cannot be one.
    """
    if isinstance(store, Path) or not address.is_uri(store):
        return address.plain(str(store))
    uri = address.normal(store)
    folder = address.folder(uri)
    with _lock:
        if published.upstream(folder) is None:
            published.register(folder, WorkingCopy(uri, folder))
    return folder


class WorkingCopy:
    """Of the store at a URI, in this process; an `Upstream`."""

    def __init__(self, uri: str, folder: Path) -> None:
        try:
            self._far = Far(uri)
        except DataError as error:
            raise StoreError(str(error)) from error
        self._far.require_bucket(_OPEN_S)
        self.address, self.folder = uri, folder
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / NAME).is_file():
            safeio.write_json(folder / NAME, {"uri": uri})
        self._marks = Marks(folder)
        self._outbox = Outbox(folder, self._far, self._marks)
        self._inward = Inward(folder, self._far, self._marks)
        self._claims = Claims(self._far)
        self._known: dict[str, tuple[float, frozenset[str]]] = {}
        _opened.append(self)

    @contextmanager
    def replacing(self, path: Path) -> Iterator[None]:
        """See `Upstream`."""
        name = self._name(path)
        if names.key(name) is None:
            yield
            return
        with self._marks.locked():
            mark = self._marks.make(name)
            try:
                yield
            finally:  # an older change of it may have been marked, which this mark replaced
                self._outbox.add([mark])

    def placed(self, folder: Path, last: str = "") -> None:
        """See `Upstream`."""
        files = [folder] if folder.is_file() else [p for p in folder.rglob("*") if p.is_file()]
        found = sorted(map(self._name, files), key=names.rank)
        found.sort(key=lambda name: bool(last) and name == self._name(folder / last))
        self._mark(name for name in found if names.key(name) is not None)

    def gone(self, path: Path, *, is_folder: bool = False) -> None:
        """See `Upstream`."""
        name = self._name(path)
        if names.key(name) is not None:
            self._mark([f"{name}/" if is_folder else name])

    def bring(self, path: Path, *, heavy: bool = True) -> None:
        """See `Upstream`."""
        name = self._name(path)
        key = names.key(name)
        if key is not None and key != name:
            self._inward.fetch(key, path, patience_s())
            return
        self._inward.bring(name, patience_s(), lambda found: _is_wanted(found, heavy))

    def has(self, path: Path) -> bool:
        """See `Upstream`."""
        name = self._name(path)
        room = "/".join(name.split("/")[:2])
        until, known = self._known.get(room, (0.0, frozenset()))
        if not known or time.monotonic() > until:
            known = frozenset(self._far.list(room, patience_s()))
            self._known[room] = (time.monotonic() + _KNOWN_S, known)
        return name in known

    def inside(self, folder: Path) -> frozenset[str]:
        """See `Upstream`."""
        name = self._name(folder)
        until, known = self._known.get(name, (0.0, frozenset()))
        if time.monotonic() > until:
            wait_s = _KNOWN_S
            try:
                found = self._far.list(name, _LOOK_S)
                known = frozenset(key.removeprefix(f"{name}/").split("/")[0] for key in found)
            except StoreError:
                wait_s = _AWAY_S
            self._known[name] = (time.monotonic() + wait_s, known)
        return known

    def fetch(self, folder: Path, commit: str) -> bool:
        """See `Upstream`."""
        name = self._name(folder)
        if self._far.stamp(f"{name}/{commit}", patience_s()) is None:
            return False
        is_replaced = folder.exists()
        trash = folder.with_name(f".{folder.name}.trash-{secrets.token_hex(8)}")
        aside = emptied(trash / "new")
        try:
            if not self._inward.fetch(name, aside, patience_s()):
                return False
            with self._marks.locked():
                if is_replaced and folder.exists():
                    folder.rename(trash / "old")
                if not folder.exists():  # else another process was faster
                    aside.rename(folder)
        finally:
            shutil.rmtree(trash, ignore_errors=True)
        return True

    def unfinished(self, folder: Path) -> None:
        """See `Upstream`."""
        key = names.key(self._name(folder))
        assert key is not None, "folders aside belong to the store"
        if not self._inward.fetch(key, folder, patience_s()):
            emptied(folder)

    def flush(self) -> None:
        """See `Upstream`."""
        self._outbox.flush(patience_s())

    def sweep(self, study: Path) -> None:
        """See `Upstream`."""
        found = names.left_behind(self._far.list(self._name(study), _OPEN_S))
        for name in found:
            (self.folder / name).unlink(missing_ok=True)
        self._mark(sorted(found, key=names.rank, reverse=True))

    def take(self, path: Path, purpose: str) -> Claim | None:
        """See `Upstream`."""
        return self._claims.take(self._name(path), purpose)

    def holder(self, path: Path) -> tuple[str, bool]:
        """See `Upstream`."""
        return self._claims.holder(self._name(path))

    def mark_all(self) -> int:
        """Mark every file here that the store has not, or has otherwise; how many."""
        there = self._far.list("", patience_s())
        found = []
        for room in names.ROOMS:
            for path in (self.folder / room).rglob("*"):
                name = self._name(path)
                key = names.key(name) if path.is_file() else None
                if key == name and not self._is_sent(path, there.get(key)):
                    found.append(name)
        self._mark(sorted(found, key=names.rank))
        return len(found)

    def waiting(self) -> tuple[str, ...]:
        """Files that are not sent yet, the oldest change first."""
        return tuple(mark.name for mark in self._marks.every())

    def close(self) -> None:
        """End its threads once all is sent, or nothing was for seconds; the rest stays marked."""
        with suppress(StoreError):
            self._outbox.flush(_CLOSE_S)
        self._outbox.close()

    @staticmethod
    def _is_sent(path: Path, there: object) -> bool:
        return there is not None and path.stat().st_size == getattr(there, "size", None)

    def _mark(self, found: "Iterator[str] | list[str]") -> None:
        with self._marks.locked():
            marks = [self._marks.make(name) for name in found]
        self._outbox.add(marks)

    def _name(self, path: Path) -> str:
        return path.absolute().relative_to(self.folder).as_posix()


def _is_wanted(key: str, heavy: bool) -> bool:
    return names.key(key) == key and (heavy or not names.is_heavy(key))


_opened: list[WorkingCopy] = []


def _close() -> None:
    for one in _opened:
        one.close()


def _forked() -> None:
    """A forked process has none of the threads, and sends nothing."""
    published.forget()
    _opened.clear()


atexit.register(_close)
os.register_at_fork(after_in_child=_forked)
