"""What a folder holds, in an order that does not depend on the file system."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pyarrow import fs

from frlib.core.errors import DataError
from frlib.data.storage.places import Place, Remote, Stamp, stamp_of
from frlib.data.storage.retry import steady


class Entry(NamedTuple):
    """A file or folder. `name`: relative to the folder listed, with `/` between components.

    `stamp`: of a file, where it came with the listing (remote only).
    """

    name: str
    is_dir: bool
    stamp: Stamp | None = None


def walk(folder: Place, depth: int = 1) -> Iterator[Entry]:
    """Files and folders down to `depth` levels, ordered by their components.

    A local folder is read as it is asked for; a remote one is listed in one go, thousands of names
    per request. Links to folders are followed. Raises `DataError` if there is no such folder.
    """
    if isinstance(folder, Remote):
        yield from _remote(folder, depth)
        return
    try:
        yield from _local(folder, "", depth)
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror}; expected a readable folder") from error


def entries(folder: Place) -> list[Entry]:
    """The files and folders directly in a folder, ordered by name."""
    return list(walk(folder))


def files(folder: Place, *suffixes: str) -> list[Place]:
    """The files directly in a folder whose name ends in one of `suffixes`, hidden ones left out."""
    return [
        folder / entry.name
        for entry in entries(folder)
        if not entry.is_dir and not entry.name.startswith(".") and entry.name.endswith(suffixes)
    ]


def _local(folder: Path, prefix: str, depth: int) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        ordered = sorted(found, key=lambda entry: entry.name)
    for entry in ordered:
        is_dir = entry.is_dir()
        yield Entry(prefix + entry.name, is_dir)
        if is_dir and depth > 1:
            yield from _local(Path(entry.path), f"{prefix}{entry.name}/", depth - 1)


def _remote(folder: Remote, depth: int) -> list[Entry]:
    def ask() -> list[fs.FileInfo]:
        system, path = folder.system()
        found: list[fs.FileInfo] = system.get_file_info(fs.FileSelector(path, recursive=depth > 1))
        return found

    start = len(folder.system()[1].strip("/"))
    listed = []
    for info in steady(ask, str(folder)):
        name = info.path.strip("/")[start:].strip("/")
        if name and name.count("/") < depth:
            is_dir = info.type == fs.FileType.Directory
            listed.append(Entry(name, is_dir, None if is_dir else stamp_of(info)))
    return sorted(listed, key=lambda entry: entry.name.split("/"))
