"""A file as bytes by position: `len(blob)`, `blob[start:stop]`. Safe to use from threads.

Local: the memory map itself. Reading past the end of a file that shrank after it was mapped kills
the process (SIGBUS). Readers therefore look at its size before each image, half a microsecond
(`size_now`, `require_whole`). A file that is cut in the instant between the two is not noticed:
leave files alone while they are read.

Remote: see `RemoteBlob`.
"""

import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa

from frlib.core.errors import DataError
from frlib.data.storage.places import Place, Remote
from frlib.data.storage.remote import RemoteBlob


@runtime_checkable
class Blob(Protocol):
    """Bytes by position."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes: ...


def open_blob(place: Place, what: str) -> Blob:
    """The bytes of a file; `DataError` if there is none, or it is empty. `what` names its kind."""
    if isinstance(place, Remote):
        remote = RemoteBlob(place)
        if not len(remote):
            raise _empty(place, what)
        return remote
    try:
        if not place.stat().st_size:
            raise _empty(place, what)
        with place.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise DataError(f"{place}: {error.strerror}; expected {what}") from error


def first_bytes(place: Place, size: int) -> bytes:
    """The first bytes of a file, fewer if it is shorter, none if it cannot be read."""
    if isinstance(place, Remote):
        return RemoteBlob(place)[:size]
    try:
        with place.open("rb") as file:
            return file.read(size)
    except OSError:
        return b""


def size_now(blob: Blob) -> Callable[[], int]:
    """What tells the present size of a mapped file; a remote one keeps the size it had."""
    return blob.size if isinstance(blob, mmap.mmap) else blob.__len__


def require_whole(blob: Blob, place: Place) -> None:
    """`DataError` if a mapped file is shorter than when it was opened."""
    if (found := size_now(blob)()) < len(blob):
        raise DataError(
            f"{place}: {found:,} bytes, {len(blob):,} when it was opened; it was cut short while "
            "in use. Copy the file again, and leave files alone while they are read."
        )


def as_input(source: Path | RemoteBlob) -> Any:
    """What Arrow's readers open: the path, or a file over a remote one's blocks."""
    if isinstance(source, RemoteBlob):
        return pa.PythonFile(_AsFile(source), mode="r")
    return str(source)


def _empty(place: Place, what: str) -> DataError:
    return DataError(f"{place}: 0 bytes; expected {what}. Copy the file again.")


class _AsFile:
    """A blob with a position, as Arrow wants it."""

    def __init__(self, blob: RemoteBlob) -> None:
        self._blob, self._at, self.closed = blob, 0, False

    def read(self, size: int = -1) -> bytes:
        stop = len(self._blob) if size < 0 else min(self._at + size, len(self._blob))
        data = self._blob[self._at : stop]
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, len(self._blob))[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True
