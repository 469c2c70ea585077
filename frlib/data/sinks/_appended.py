"""A file that grows at its end and can be cut back to what was committed."""

import os
from pathlib import Path
from typing import BinaryIO

from frlib.core.errors import DataError

_BUFFER = 1 << 20


class Appended:
    """Bytes appended to `path` after its first `size`."""

    def __init__(self, path: Path, size: int) -> None:
        self._file = _reopened(path, size)
        self._size = size

    def write(self, data: bytes) -> None:
        """These bytes at the end."""
        self._file.write(data)
        self._size += len(data)

    def to_disk(self) -> int:
        """Have everything written out; the size in bytes."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._size

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _reopened(path: Path, size: int) -> BinaryIO:
    """The file cut to its first `size` bytes and open for more; `DataError` if it has fewer."""
    file = path.open("ab", buffering=_BUFFER)
    found = file.tell()
    if found < size:
        file.close()
        raise DataError(
            f"{path}: {found:,} bytes; expected at least the {size:,} that were committed. It was "
            "changed since: start over with --restart."
        )
    file.truncate(size)
    return file
