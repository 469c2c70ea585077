"""Sources whose samples are files: checksums, fingerprints and the reader they share."""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data import decode, threads
from frlib.data.manifest import checksum
from frlib.data.progress import Progress

_log = logging.getLogger(__name__)


def first_five(names: Sequence[str]) -> str:
    """The first five names and how many more there are."""
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def fingerprint(paths: Iterable[Path]) -> str:
    """Hex digest over absolute path, size in bytes and time of last change of every file."""
    hasher = hashlib.sha256()
    for path in paths:
        try:
            stat = path.stat()
        except OSError as error:
            raise DataError(f"{path}: {error.strerror}; expected a readable file") from error
        hasher.update(f"{path.absolute()}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return hasher.hexdigest()


def checksums(root: Path, ids: Sequence[str]) -> list[bytes]:
    """`checksum` of the file `root / id` for every id, with progress in the log."""
    progress = Progress(_log, f"scanning {root}", len(ids))

    def one(name: str) -> bytes:
        result = checksum(read(root / name))
        progress.advance()
        return result

    result = threads.over(ids, one)
    progress.finish()
    return result


def read(path: Path) -> bytes:
    """The bytes of a file, or a `DataError` that says why not."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: {error.strerror}; it was expected from the listing of its source. "
            "Restore the file, or remove it from the source and run again."
        ) from error


class FileReader:
    """Reads `root / ids[ref]`."""

    def __init__(self, root: Path, ids: Sequence[str], colour: str) -> None:
        self._root, self._ids, self.colour = root, ids, colour

    def images(self, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """`[n]` refs -> `[n, size, size, 3]` RGB."""
        return decode.images(self, refs, size)

    def read(self, ref: int) -> bytes:
        """The file's bytes."""
        return read(self._root / self._ids[ref])

    def where(self, ref: int) -> str:
        """The folder and the sample id."""
        return f"{self._root}: {self._ids[ref]}"
