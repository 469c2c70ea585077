"""Zip files: `part-00000.zip`, ...; members `identity/file`, stored without compression.

As WebFace's shards, they are read in place. Times and rights of the members are fixed, so that the
same images give the same bytes.
"""

import zipfile
from pathlib import Path
from typing import Literal

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.data.sink import Item, Mark, Outline, Sink
from frlib.data.sinks import _names
from frlib.data.sinks._names import Names
from frlib.data.sinks._parts import PartedSink
from frlib.data.sources import zip_shards as source_module

SUFFIXES = (".zip",)
_UNIX, _READABLE = 3, 0o100644 << 16
_EARLIEST = (1980, 1, 1, 0, 0, 0)


class Config(Base):
    """A folder of zip files."""

    name: Literal["zip_shards"] = "zip_shards"
    path: str = place(..., doc="folder to make, for part-00000.zip and so on")
    rows: int = setting(20_000, ge=1, doc="images in a part file", unit="images")
    files: Literal["last", "id"] = setting(
        "last", doc="files are named by the last component of the id, or by the whole id"
    )


def open_sink(config: Config, folder: Path, outline: Outline, mark: Mark | None) -> Sink:
    """A writer of the parts."""
    names = Names(outline, mark, whole=config.files == "id")
    return PartedSink(
        folder, ".zip", config.rows, lambda path: _Part(path, names), mark, names.mark
    )


def stored_names(config: Config, identities: tuple[str, ...]) -> tuple[str, ...]:
    """Names of folders."""
    return _names.stored_names(identities)


def source(config: Config, colour: Literal["RGB", "BGR"]) -> source_module.Config:
    """Reads the folder."""
    return source_module.Config(path=config.path, colour=colour)


class _Part:
    def __init__(self, path: Path, names: Names) -> None:
        self._file = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)
        self._names = names

    def add(self, item: Item) -> None:
        member = zipfile.ZipInfo("/".join(self._names.of(item)), _EARLIEST)
        member.create_system, member.external_attr = _UNIX, _READABLE
        self._file.writestr(member, item.data)

    def close(self) -> None:
        self._file.close()
