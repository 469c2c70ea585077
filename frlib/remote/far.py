"""The store itself, file by file: put, get, list, remove. Keys are relative to its URI."""

import contextlib
import errno
import os
import random
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pyarrow import fs

from frlib.core.errors import ConfigError, StoreError
from frlib.core.safeio import DiskFullError
from frlib.data.storage.places import Stamp, stamp_of
from frlib.data.storage.retry import first_line, passing
from frlib.remote import systems

T = TypeVar("T")
PATIENCE = "FRLIB_STORE_PATIENCE_S"
"""Environment variable: how long a store may be away until a command gives up, 600 s."""
_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.2, 15.0
_WHOLE = ("s3", "gcs", "abfs")
"""File systems on which a file is there when it was closed, and not before."""
_BLOCK = 1 << 23


def patience_s() -> float:
    """`FRLIB_STORE_PATIENCE_S`, or 600; `ConfigError` for what is no number of seconds."""
    text = os.environ.get(PATIENCE, "")
    with contextlib.suppress(ValueError):
        if (seconds := float(text or 600)) >= 0:
            return seconds
    raise ConfigError(f"{PATIENCE}={text!r}: expected seconds, e.g. 600")


class Far:
    """The store at a URI. Every call is tried again for `patience_s`, then it is a `StoreError`."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._system, self._root = systems.open_store(uri)

    def put(self, key: str, source: Path, patience_s: float) -> Stamp:
        """Send a file, whole or not at all; what the store then says of it.

        `FileNotFoundError` where `source` is gone.
        """

        def once() -> Stamp:
            with source.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                self._write(key, lambda out: shutil.copyfileobj(file, out, _BLOCK))
            found = self._stamp(key)
            if found is None or found.size != size:
                raise OSError(f"{0 if found is None else found.size:,} of {size:,} bytes arrived")
            return found

        return self._asked(once, key, patience_s, vanishes=source)

    def put_bytes(self, key: str, data: bytes, patience_s: float) -> None:
        """The same of a few bytes."""
        self._asked(lambda: self._write(key, lambda out: out.write(data)), key, patience_s)

    def get(self, key: str, target: Path, patience_s: float) -> bool:
        """Write a file's bytes to `target`, without care for crashes; false where there is none."""

        def once() -> bool:
            try:
                with (
                    self._system.open_input_stream(self._at(key)) as file,
                    target.open("wb") as out,
                ):
                    shutil.copyfileobj(file, out, _BLOCK)
            except FileNotFoundError:
                return False
            return True

        return self._asked(once, key, patience_s)

    def read(self, key: str, patience_s: float) -> bytes | None:
        """The bytes of a small file; None where there is none."""

        def once() -> bytes | None:
            try:
                with self._system.open_input_stream(self._at(key)) as file:
                    data: bytes = file.read()
                    return data
            except FileNotFoundError:
                return None

        return self._asked(once, key, patience_s)

    def stamp(self, key: str, patience_s: float) -> Stamp | None:
        """Size and time of a file; None where there is none."""
        return self._asked(lambda: self._stamp(key), key, patience_s)

    def list(self, key: str, patience_s: float) -> dict[str, Stamp]:
        """Every file below a folder by its key; none where there is no such folder."""

        def once() -> dict[str, Stamp]:
            start = len(self._root.strip("/")) + 1 if self._root.strip("/") else 0
            asked = fs.FileSelector(self._at(key), recursive=True, allow_not_found=True)
            try:
                found = self._system.get_file_info(asked)
            except NotADirectoryError:
                return {}
            return {
                one.path.strip("/")[start:]: stamp_of(one)
                for one in found
                if one.type == fs.FileType.File
            }

        return self._asked(once, key, patience_s)

    def remove(self, key: str, patience_s: float) -> None:
        """Remove a file, there or not."""

        def once() -> None:
            path = self._at(key)
            with contextlib.suppress(FileNotFoundError):
                if self._system.get_file_info(path).type == fs.FileType.File:
                    self._system.delete_file(path)

        self._asked(once, key, patience_s)

    def require_bucket(self, patience_s: float) -> None:
        """`StoreError` where what holds the store is missing or cannot be listed."""
        bucket = self._root.strip("/").split("/")[0]

        def once() -> None:
            is_there = self._system.type_name not in _WHOLE or (
                self._system.get_file_info(bucket).type != fs.FileType.NotFound
            )
            if not is_there:
                raise FileNotFoundError("no such bucket")

        self._asked(once, "", patience_s)

    def _write(self, key: str, fill: Callable[[Any], object]) -> None:
        path = self._at(key)
        if self._system.type_name in _WHOLE:
            with self._system.open_output_stream(path) as out:
                fill(out)
            return
        folder, _, name = path.rpartition("/")
        aside = f"{folder}/.{name}.{secrets.token_hex(4)}.part"
        self._system.create_dir(folder, recursive=True)
        try:
            with self._system.open_output_stream(aside) as out:
                fill(out)
            self._system.move(aside, path)
        except OSError:
            with contextlib.suppress(OSError):
                self._system.delete_file(aside)
            raise

    def _stamp(self, key: str) -> Stamp | None:
        found = self._system.get_file_info(self._at(key))
        return stamp_of(found) if found.type == fs.FileType.File else None

    def _at(self, key: str) -> str:
        return f"{self._root}/{key}" if key else self._root

    def _asked(
        self, call: Callable[[], T], key: str, patience_s: float, vanishes: Path | None = None
    ) -> T:
        end, delay_s = time.monotonic() + patience_s, _FIRST_DELAY_S
        while True:
            try:
                return call()
            except OSError as error:
                if vanishes is not None and not vanishes.exists():
                    raise FileNotFoundError(str(vanishes)) from error
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise DiskFullError(
                        f"{_told(self.uri, key)}: cannot be brought, this machine's disk is full. "
                        "Free some room, or have the working copies elsewhere (FRLIB_WORK), and "
                        "run the same command again"
                    ) from error
                if not passing(error):
                    raise StoreError(
                        f"{_told(self.uri, key)}: {first_line(error)}. Check that the bucket "
                        "exists and that the credentials in this machine's environment "
                        "(AWS_ACCESS_KEY_ID, AWS_PROFILE, a role, ...) may list, read, "
                        "write and delete there"
                    ) from error
                if time.monotonic() >= end:
                    raise StoreError(
                        f"{_told(self.uri, key)}: no answer for {patience_s:g} s "
                        f"({first_line(error)}). Check the network and the service. What is "
                        f"recorded here is kept: `frlib store sync --store '{self.uri}'` sends it"
                    ) from error
            time.sleep(min(delay_s * random.uniform(0.5, 1.5), max(0.0, end - time.monotonic())))
            delay_s = min(2 * delay_s, _LONGEST_DELAY_S)


def _told(uri: str, key: str) -> str:
    """The URI of a file, without the options of the file system."""
    place = uri.partition("?")[0]
    return f"{place}/{key}" if key else place
