"""What is brought here: one listing, and those files that differ, in an order that hides halves."""

import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from frlib.data.storage.places import Stamp
from frlib.remote import names
from frlib.remote.far import Far
from frlib.remote.marks import Marks
from frlib.remote.outbox import is_same, set_time

log = logging.getLogger(__name__)
_THREADS = 8


class Inward:
    """Into one working copy."""

    def __init__(self, root: Path, far: Far, marks: Marks) -> None:
        self._root, self._far, self._marks = root, far, marks

    def bring(self, key: str, patience_s: float, wanted: Callable[[str], bool]) -> int:
        """Make a file or folder here what it is there, as far as it is `wanted`; files brought.

        What is to be sent from here stays as it is.
        """
        there = self._far.list(key, patience_s)
        if not there:
            stamp = self._far.stamp(key, patience_s)
            there = {} if stamp is None else {key: stamp}
        new = [
            found
            for found, stamp in there.items()
            if wanted(found) and not self._is_here(found, stamp)
        ]
        self._remove_others(key, there, wanted, patience_s)
        count = 0
        for wave in (False, True):
            part = [found for found in new if names.rank(found)[0] is wave]
            count += self._all(part, lambda found: self._replaced(found, there[found], patience_s))
        return count

    def fetch(self, folder: str, target: Path, patience_s: float) -> bool:
        """Fill a folder with all that is in one there; whether it was whole.

        Files that change or go in the meantime make it false. One that is here already is read by
        others perhaps: it is whole at every moment.
        """
        there = self._far.list(folder, patience_s)

        def one(key: str) -> bool:
            path = target / key.removeprefix(f"{folder}/")
            if is_same(path, there[key]):
                return True
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._come(key, path, there[key], patience_s) as aside:
                if aside is not None:
                    aside.replace(path)
                return aside is not None

        return self._all(there, one) == len(there) > 0

    def _is_here(self, key: str, stamp: Stamp) -> bool:
        path = self._root / key
        return (
            is_same(path, stamp)
            or self._marks.has(key)
            or (names.is_begun_anew(key) and path.exists())
        )

    def _replaced(self, key: str, stamp: Stamp, patience_s: float) -> bool:
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        before = _moment(path)
        if self._marks.has(key):
            return False
        with self._come(key, path, stamp, patience_s) as aside:
            if aside is None:
                return False
            with self._marks.locked():
                if self._marks.has(key) or _moment(path) != before:
                    return False  # it was written here in the meantime, and perhaps sent
                aside.replace(path)
        return True

    @contextmanager
    def _come(self, key: str, path: Path, stamp: Stamp, patience_s: float) -> Iterator[Path | None]:
        """A file beside `path` with what is there; None if that changed since it was listed."""
        aside = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
        try:
            if self._far.get(key, aside, patience_s) and aside.stat().st_size == stamp.size:
                set_time(aside, stamp)
                yield aside
            else:
                yield None
        finally:
            aside.unlink(missing_ok=True)

    def _remove_others(
        self,
        key: str,
        there: dict[str, Stamp],
        wanted: Callable[[str], bool],
        patience_s: float,
    ) -> None:
        """Files that were removed from the store; folders that it knows nothing of stay."""
        known = {found.rpartition("/")[0] for found in there}
        known |= {folder.rpartition("/")[0] for folder in known}
        for path in sorted((self._root / key).rglob("*")) if there else ():
            name = path.relative_to(self._root).as_posix()
            gone = name not in there and names.key(name) == name and path.is_file()
            if not gone or not wanted(name) or not names.is_mirrored(name):
                continue
            folder = name.rpartition("/")[0]
            if folder in known or folder.rpartition("/")[0] in known:
                self._remove(name, path, patience_s)

    def _remove(self, name: str, path: Path, patience_s: float) -> None:
        """Unless it was written, and perhaps sent, since the store was listed."""
        before = _moment(path)
        if self._marks.has(name) or self._far.stamp(name, patience_s) is not None:
            return
        with self._marks.locked():
            if not self._marks.has(name) and _moment(path) == before:
                path.unlink(missing_ok=True)

    @staticmethod
    def _all(keys: Iterable[str], one: Callable[[str], bool]) -> int:
        """How many of them came; several at a time."""
        every = list(keys)
        if len(every) < 2:
            return sum(map(one, every))
        with ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="bring") as pool:
            return sum(pool.map(one, every))


def _moment(path: Path) -> tuple[int, int, int] | None:
    """Differs once a file was written again; None of one that is not there."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def emptied(folder: Path) -> Path:
    """The folder, new and without content."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
