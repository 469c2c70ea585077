"""Room on disk for decoded maps: those in use stay, the least recently used make way for new ones.

Whoever opens a map, or builds it, holds a shared lock on `pixels.use` beside it; the system frees
it when the process ends, however it ends. A map is removed only by a process that has that lock to
itself, so never while it is in use. The time of `pixels.use` is that of the last opening.
"""

import fcntl
import logging
import os
import shutil
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from frlib.core.errors import DataError
from frlib.data.once import only_one

_GIB = 2**30
_MAP, _PART, _USE = "pixels", ".pixels.*.part", "pixels.use"
_log = logging.getLogger(__name__)


class NoRoomError(DataError):
    """A decoded map fits neither the budget nor, perhaps, the disk."""


class Hold:
    """A shared lock on a file, until `release` or the end of this object or process."""

    def __init__(self, handle: int) -> None:
        self._end = weakref.finalize(self, os.close, handle)

    def release(self) -> None:
        """Give the lock back."""
        self._end()


def hold(path: Path) -> Hold:
    """Keep the map at `path`, there or yet to be built, from being removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = _opened(path.with_name(_USE))
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        os.utime(handle)
    except BaseException:
        os.close(handle)
        raise
    return Hold(handle)


@contextmanager
def made(path: Path, needed: int, limit: int) -> Iterator[None]:
    """Within, `needed` bytes may be taken for a map at `path` (which is held); one process a time.

    `limit`: bytes for all maps of this store, 0 for no limit. To stay below it, maps that nobody
    has open are removed, the least recently used first. Raises `NoRoomError`, and removes none, if
    that is not enough, or where the disk has less than `needed` left.
    """
    datasets = path.parent.parent
    with only_one(datasets / "room", "making room for decoded pixels"):
        if limit:
            _evict(datasets, needed, limit)
        free = shutil.disk_usage(datasets).free
        if needed > free:
            raise NoRoomError(
                f"{path}: {_gib(needed)} of decoded pixels, but the disk has {_gib(free)} left. "
                "Free some room, choose another --store, or set data.pixels=encoded."
            )
        yield


@dataclass(frozen=True)
class _Kept:
    folder: Path
    num_bytes: int
    last_used: int


def _evict(datasets: Path, needed: int, limit: int) -> None:
    kept = sorted(_listed(datasets), key=lambda one: (one.last_used, one.folder.name))
    taken = sum(one.num_bytes for one in kept)
    excess = taken + needed - limit
    with ExitStack() as locks:
        free_to_go = []
        for one in kept:
            if excess <= 0:
                break
            if _locked_alone(one.folder / _USE, locks):
                free_to_go.append(one)
                excess -= one.num_bytes
        if excess > 0:
            raise NoRoomError(
                f"{datasets}: {_gib(needed)} of decoded pixels do not fit into "
                f"data.cache_gib={limit / _GIB:g}; maps in use take "
                f"{_gib(taken - sum(one.num_bytes for one in free_to_go))}. Raise data.cache_gib, "
                "or set data.pixels=encoded."
            )
        for one in free_to_go:
            _log.info("%s: %s of decoded pixels removed", one.folder, _gib(one.num_bytes))
            for file in _files(one.folder):
                file.unlink(missing_ok=True)


def _listed(datasets: Path) -> Iterator[_Kept]:
    for use in datasets.glob(f"*/{_USE}"):
        num_bytes = sum(_size(file) for file in _files(use.parent))
        if num_bytes:
            yield _Kept(use.parent, num_bytes, use.stat().st_mtime_ns)


def _files(folder: Path) -> list[Path]:
    """The map, and what builders have begun or left behind."""
    return [folder / _MAP, *folder.glob(_PART)]


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _locked_alone(use: Path, locks: ExitStack) -> bool:
    """Whether nobody else has the lock; if so it is held until `locks` closes."""
    handle = _opened(use)
    locks.callback(os.close, handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)


def _gib(num_bytes: int) -> str:
    return f"{num_bytes / _GIB:.3g} GiB"
