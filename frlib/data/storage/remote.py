"""A remote file by position, with read-ahead when it is read in about ascending order.

Random reads fetch blocks of 64 KiB and keep the last 16: the head and the body of a record are one
request. Once eight reads in a row fall near each other the file is taken to be read through (a
scan, a conversion, a cache being built, also from several threads): blocks of 4 MiB, the next two
fetched in the background while the current one is used. Reads of more than four small blocks go
straight to the file.

Memory: 1 MiB a file, and up to 4 MiB * (threads + 3) for each of the four files read through most
recently.
"""

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from frlib.core.errors import DataError
from frlib.data.storage.places import Remote
from frlib.data.storage.retry import steady
from frlib.data.threads import usable_cores

SMALL, LARGE = 1 << 16, 1 << 22
_KEPT_SMALL, _AHEAD, _STREAK, _READ_THROUGH = 16, 2, 8, 4
_active: "list[weakref.ref[RemoteBlob]]" = []
_active_lock = threading.Lock()


class RemoteBlob:
    """Bytes of a remote file by position. After a fork or a sending, files are opened anew."""

    def __init__(self, place: Remote) -> None:
        self.place = place
        self._size = place.stamp().size
        self._file: Any = None
        self._begin()

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        if self._process != os.getpid():
            self._begin()
        start, stop, step = part.indices(self._size)
        if step != 1:
            raise ValueError(f"{self.place}: bytes {part}; expected consecutive ones")
        if stop <= start:
            return b""
        if self._reads_through(start, stop):
            return self._large.read(start, stop)
        if stop - start > 4 * SMALL:
            return self.fetch(start, stop)
        return self._small.read(start, stop)

    def __reduce__(self) -> Any:
        return RemoteBlob, (self.place,)

    def fetch(self, start: int, stop: int) -> bytes:
        """The bytes from the file itself; `DataError` when they are fewer or do not come."""

        def once() -> bytes:
            try:
                data: bytes = self._opened().read_at(stop - start, start)
                return data
            except OSError:
                self._file = None
                raise

        data = steady(once, f"{self.place}, bytes {start:,} to {stop:,}")
        if len(data) != stop - start:
            raise DataError(
                f"{self.place}: {len(data):,} bytes from position {start:,}, expected "
                f"{stop - start:,}. The file changed while it was read; run again."
            )
        return data

    def forget(self) -> None:
        """Drop the large blocks; they are fetched again when asked for."""
        self._large.clear()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._file = None
        self._frontier = self._streak = 0
        threads = min(16, usable_cores())
        self._small = _Blocks(self.fetch, self._size, SMALL, _KEPT_SMALL, 0)
        self._large = _Blocks(self.fetch, self._size, LARGE, threads + _AHEAD + 1, _AHEAD)
        self._window = threads * LARGE
        self._process = os.getpid()

    def _opened(self) -> Any:
        with self._lock:
            if self._file is None:
                self._file = self.place.open_input()
            return self._file

    def _reads_through(self, start: int, stop: int) -> bool:
        with self._lock:
            near = self._frontier - self._window <= start <= self._frontier + LARGE
            self._streak = self._streak + 1 if near else 0
            self._frontier = max(self._frontier, stop) if near else stop
            begins = self._streak == _STREAK
            through = self._streak >= _STREAK
        if begins:
            _enter(self)
        return through


class _Blocks:
    """Blocks of a file by number: the last few, and those on their way."""

    def __init__(
        self, fetch: Callable[[int, int], bytes], size: int, block: int, kept: int, ahead: int
    ) -> None:
        self._fetch, self._size, self._block = fetch, size, block
        self._most, self._ahead = kept, ahead
        self._kept: OrderedDict[int, Future[bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, start: int, stop: int) -> bytes:
        first, last = start // self._block, (stop - 1) // self._block
        pieces = []
        for number in range(first, last + 1):
            base = number * self._block
            data = self._get(number)
            pieces.append(data[max(0, start - base) : stop - base])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def _get(self, number: int) -> bytes:
        with self._lock:
            found = self._kept.get(number)
            mine = found is None
            if found is None:
                found = self._kept[number] = Future()
            self._kept.move_to_end(number)
            self._send_for(number)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        if mine:
            self._fill(found, number)
        try:
            return found.result()
        except BaseException:
            with self._lock:
                if self._kept.get(number) is found:
                    del self._kept[number]
            raise

    def _send_for(self, number: int) -> None:
        for later in range(number + 1, number + 1 + self._ahead):
            if later not in self._kept and later * self._block < self._size:
                future: Future[bytes] = Future()
                self._kept[later] = future
                _pool(os.getpid()).submit(self._fill, future, later)

    def _fill(self, future: "Future[bytes]", number: int) -> None:
        base = number * self._block
        try:
            future.set_result(self._fetch(base, min(base + self._block, self._size)))
        except BaseException as error:
            future.set_exception(error)


@lru_cache(maxsize=1)
def _pool(process: int) -> ThreadPoolExecutor:
    """Threads that fetch ahead, shared by all files of a process and begun with the first."""
    return ThreadPoolExecutor(max_workers=4, thread_name_prefix="read-ahead")


def _enter(blob: RemoteBlob) -> None:
    """Count a file among those read through; the one longest among them drops its blocks."""
    with _active_lock:
        _active[:] = [one for one in _active if one() not in (None, blob)]
        _active.append(weakref.ref(blob))
        left = _active.pop(0)() if len(_active) > _READ_THROUGH else None
    if left is not None:
        left.forget()
