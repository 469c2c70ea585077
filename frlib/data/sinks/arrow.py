"""Arrow IPC files: `part-00000.arrow`, ...; columns `image`, `identity`, `path` (the id).

Nothing is compressed, so a reader maps the file and takes an image without a copy.
"""

from pathlib import Path
from typing import Literal

import pyarrow as pa

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.data.sink import Item, Mark, Outline, Sink
from frlib.data.sinks._columns import SCHEMA, Columns
from frlib.data.sinks._parts import PartedSink
from frlib.data.sources import arrow as source_module

SUFFIXES = (".arrow", ".feather")


class Config(Base):
    """A folder of Arrow files."""

    name: Literal["arrow"] = "arrow"
    path: str = place(..., doc="folder to make, for part-00000.arrow and so on")
    rows: int = setting(20_000, ge=1, doc="images in a part file", unit="images")
    batch: int = setting(256, ge=1, doc="images in a record batch", unit="images")


def open_sink(config: Config, folder: Path, outline: Outline, mark: Mark | None) -> Sink:
    """A writer of the parts."""
    return PartedSink(folder, ".arrow", config.rows, lambda path: _Part(path, config.batch), mark)


def stored_names(config: Config, identities: tuple[str, ...]) -> tuple[str, ...]:
    """The same: a cell holds any text."""
    return identities


def source(config: Config, colour: Literal["RGB", "BGR"]) -> source_module.Config:
    """Reads the folder."""
    return source_module.Config(path=config.path, colour=colour)


class _Part:
    def __init__(self, path: Path, batch: int) -> None:
        self._file = pa.ipc.new_file(path, SCHEMA)
        self._columns = Columns(batch, self._file.write_batch)

    def add(self, item: Item) -> None:
        self._columns.add(item)

    def close(self) -> None:
        self._columns.flush()
        self._file.close()
