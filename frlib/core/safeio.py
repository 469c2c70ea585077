"""Files that are whole or absent: write aside, flush to disk, rename. And their checksums."""

import errno
import hashlib
import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tokenize import TokenError
from typing import Any

from frlib.core import published
from frlib.core.errors import FrlibError, RecordError

NOT_NUMPY = (
    *(OSError, ValueError, OverflowError, MemoryError, EOFError, KeyError, SyntaxError, TokenError),
    *(zipfile.BadZipFile, zlib.error, RuntimeError),
)
"""What `numpy.load` raises for a damaged `.npy` or `.npz`: its header is parsed as Python text, and
a flipped flag makes an archive an encrypted one (RuntimeError)."""


class DiskFullError(FrlibError):
    """The disk has no room for a file; nothing of it was left behind."""


class PlaceError(FrlibError):
    """A file cannot be written where it was asked for; nothing was changed."""


_NO_PLACE = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}
)


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; on success it takes the place of `path`."""
    aside = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.touch(exist_ok=False)
        yield aside
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        with published.replacing(path):
            aside.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"{path}: the disk is full; the file was not written and nothing was changed. "
                "Free some room (or choose another --store) and run the same command again."
            ) from error
        if error.errno in _NO_PLACE:
            raise PlaceError(
                f"{path}: cannot be written ({error.strerror}); nothing was changed. Choose a "
                "place that this user may write to"
            ) from error
        raise
    finally:
        with suppress(OSError):  # there is nothing to remove where nothing could be made
            aside.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file or nothing."""
    with atomic(path) as aside:
        aside.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write a whole UTF-8 text file or nothing."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write plain JSON types, indented, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def remove(path: Path) -> None:
    """Remove a file, there or not, also from the store that its folder is a working copy of."""
    path.unlink(missing_ok=True)
    published.gone(path)


def read_json(path: Path) -> Any:
    """Read a JSON file; `RecordError` says which file is damaged."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: cannot be read as JSON ({error})") from error


def sha256(path: Path) -> str:
    """Hex digest of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
