"""Sources whose samples are files: checksums, fingerprints and the reader they share."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data import decode, threads
from frlib.data.manifest import checksum
from frlib.data.progress import Progress
from frlib.data.storage.listing import entries
from frlib.data.storage.places import Place, Remote, Stamp, absolute, stamp

T = TypeVar("T")
_log = logging.getLogger(__name__)


def first_five(names: Sequence[str]) -> str:
    """The first five names and how many more there are."""
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def fingerprint(places: Iterable[Place], stamps: Iterable[Stamp | None] | None = None) -> str:
    """Hex digest over absolute path, size in bytes and time of last change of every file.

    `stamps`: size and time where they are known already.
    """
    hasher = hashlib.sha256()
    known = None if stamps is None else iter(stamps)
    for place in places:
        found = (next(known) if known is not None else None) or stamp(place)
        hasher.update(f"{absolute(place)}\0{found.size}\0{found.mtime_ns}\n".encode())
    return hasher.hexdigest()


def of_each(root: Place, names: Sequence[str], ask: Callable[[Place], T]) -> list[T]:
    """`[ask(root / name)]`, in threads where the question goes over a network."""
    if isinstance(root, Remote):
        return threads.over(names, lambda name: ask(root / name))
    return [ask(root / name) for name in names]


def checksums(root: Place, ids: Sequence[str]) -> NDArray[np.bytes_]:
    """`[N]` `checksum` of the file `root / id` for every id, with progress in the log."""
    progress = Progress(_log, f"scanning {root}", len(ids))

    def one(name: str) -> bytes:
        result = checksum(read(root / name))
        progress.advance()
        return result

    result = np.array(threads.over(ids, one), dtype="S32")
    progress.finish()
    return result


def read(place: Place) -> bytes:
    """The bytes of a file, or a `DataError` that says why not."""
    try:
        return place.read_bytes()
    except OSError as error:
        raise DataError(
            f"{place}: {error.strerror}; it was expected from the listing of its source. "
            "Restore the file, or remove it from the source and run again."
        ) from error


def first_image(folder: Place, suffixes: frozenset[str]) -> bool:
    """Whether one of the first three folders in a folder holds an image."""
    folders = [e.name for e in entries(folder) if e.is_dir and not e.name.startswith(".")]
    return any(
        not entry.is_dir and Path(entry.name).suffix.lower() in suffixes
        for name in folders[:3]
        for entry in entries(folder / name)
    )


class FileReader:
    """Reads `root / ids[ref]`."""

    def __init__(self, root: Place, ids: Sequence[str], colour: str) -> None:
        self._root, self._ids, self.colour = root, ids, colour

    def images(self, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """`[n]` refs -> `[n, size, size, 3]` RGB."""
        return decode.images(self, refs, size)

    def read(self, ref: int) -> bytes:
        """The file's bytes."""
        return read(self._root / self._ids[ref])

    def path(self, ref: int) -> Place:
        """Where the file is."""
        return self._root / self._ids[ref]

    def where(self, ref: int) -> str:
        """The folder and the sample id."""
        return f"{self._root}: {self._ids[ref]}"
