"""A place: a local path, or a URI that `pyarrow.fs` knows (`s3://`, `gs://`, `hdfs://`, ...).

`Remote` answers the questions that sources ask of a `Path` under the same names, so most code does
not know which it has. A name is used as written, without percent-decoding; options of the file
system follow a question mark and go with every place derived from it
(`s3://bucket/faces?region=eu-west-1`).
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from frlib.core.errors import ConfigError, DataError
from frlib.core.secrets import has_credentials, redacted
from frlib.data.storage.retry import steady

_LOCK = threading.Lock()


class Stamp(NamedTuple):
    """Size in bytes and time of last change in ns (0 where the file system does not tell)."""

    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Remote:
    """A file or folder behind a URI: `root` (scheme and host), `path` below it, `options`.

    Holds texts only: it can be sent to other processes, and after a fork the file system is opened
    anew.
    """

    root: str
    path: str
    options: str = ""

    def __str__(self) -> str:
        return f"{self.root}/{self.path}" if self.path else self.root

    def __truediv__(self, name: str) -> "Remote":
        return self._at(f"{self.path}/{name}" if self.path else name)

    @property
    def name(self) -> str:
        """The last component."""
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        """The last suffix of the name, with its dot."""
        return PurePosixPath(self.path).suffix

    @property
    def parent(self) -> "Remote":
        """The folder it is in."""
        return self._at(self.path.rpartition("/")[0])

    def with_name(self, name: str) -> "Remote":
        """The place of this name beside it."""
        return self.parent / name

    def with_suffix(self, suffix: str) -> "Remote":
        """The place with another suffix beside it."""
        return self.parent / PurePosixPath(self.name).with_suffix(suffix).name

    def exists(self) -> bool:
        """Whether there is a file or folder."""
        return bool(self._info().type != fs.FileType.NotFound)

    def is_file(self) -> bool:
        """Whether there is a file."""
        return bool(self._info().type == fs.FileType.File)

    def is_dir(self) -> bool:
        """Whether there is a folder (of an object store: names that begin with this one)."""
        return bool(self._info().type == fs.FileType.Directory)

    def read_bytes(self) -> bytes:
        """The whole file."""

        def whole() -> bytes:
            with self.open_input() as file:
                data: bytes = file.read()
                return data

        return steady(whole, str(self))

    def read_text(self, encoding: str) -> str:
        """The whole file as text."""
        return self.read_bytes().decode(encoding)

    def stamp(self) -> Stamp:
        """Size and time of last change; `DataError` if it is no file."""
        info = self._info()
        if info.type != fs.FileType.File:
            raise DataError(f"{self}: no such file; expected a readable file")
        return stamp_of(info)

    def open_input(self) -> Any:
        """A `pyarrow` random-access file; not protected against passing failures."""
        system, path = self.system()
        return system.open_input_file(path)

    def system(self) -> tuple[fs.FileSystem, str]:
        """The file system of this process and the path in it."""
        system, prefix = _system(self.root, self.options, os.getpid())
        return system, f"{prefix.rstrip('/')}/{self.path}" if prefix else self.path

    def _at(self, path: str) -> "Remote":
        return Remote(self.root, path, self.options)

    def _info(self) -> fs.FileInfo:
        def ask() -> fs.FileInfo:
            system, path = self.system()
            return system.get_file_info(path)

        return steady(ask, str(self))


Place = Path | Remote


def at(text: str) -> Place:
    """The place a text names; `ConfigError` for a URI that nothing here can open."""
    scheme, sign, rest = text.partition("://")
    if not sign:
        return Path(text).expanduser()
    if has_credentials(text):
        raise ConfigError(
            f"{redacted(text)}: has a user or password in it, and would be in records and "
            "messages; set it in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"
        )
    if scheme == "file":
        return Path(unquote(urlsplit(text).path))
    rest, _, options = rest.partition("?")
    host, _, path = rest.partition("/")
    place = Remote(f"{scheme}://{host}", path.strip("/"), options)
    place.system()
    return place


def stamp(place: Place) -> Stamp:
    """Size and time of last change of a file; `DataError` if there is none."""
    if isinstance(place, Remote):
        return place.stamp()
    try:
        found = place.stat()
    except OSError as error:
        raise DataError(f"{place}: {error.strerror}; expected a readable file") from error
    return Stamp(found.st_size, found.st_mtime_ns)


def stamp_of(info: fs.FileInfo) -> Stamp:
    """Size and time of last change as a file system tells them."""
    return Stamp(info.size or 0, info.mtime_ns or 0)


def absolute(place: Place) -> str:
    """The place as a text that does not depend on the working folder."""
    return str(place) if isinstance(place, Remote) else str(place.absolute())


def _system(root: str, options: str, process: int) -> tuple[fs.FileSystem, str]:
    """Opened once per process. The lock keeps threads from opening it several times."""
    with _LOCK:
        return _opened(root, options, process)


@lru_cache(maxsize=32)
def _opened(root: str, options: str, process: int) -> tuple[fs.FileSystem, str]:
    uri = f"{root}/?{options}" if options else f"{root}/"
    try:
        return steady(lambda: open_system(uri), uri)
    except pa.ArrowInvalid as error:
        raise ConfigError(
            f"{uri}: {error}; expected a path, or a URI such as s3://bucket/folder, "
            "gs://bucket/folder, hdfs://host/folder or file:///folder"
        ) from error
    except ImportError as error:
        raise ConfigError(
            f"{uri}: {error}; install what it names, or copy the data here"
        ) from error


open_system: Callable[[str], tuple[fs.FileSystem, str]] = fs.FileSystem.from_uri
