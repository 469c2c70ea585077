"""Parquet: `part-00000.parquet`, ...; columns `image` (encoded bytes), `identity`, `path` (the id).

Images are stored as they are, without another compression; the texts are compressed. Row groups
are small, so that a reader holds little in memory. A row group also ends at 256 MiB.
"""

from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.data.sink import Item, Mark, Outline, Sink
from frlib.data.sinks._columns import SCHEMA, Columns
from frlib.data.sinks._parts import PartedSink
from frlib.data.sources import parquet as source_module

SUFFIXES = (".parquet",)


class Config(Base):
    """A folder of parquet files."""

    name: Literal["parquet"] = "parquet"
    path: str = place(..., doc="folder to make, for part-00000.parquet and so on")
    rows: int = setting(20_000, ge=1, doc="images in a part file", unit="images")
    group: int = setting(256, ge=1, doc="images in a row group", unit="images")


def open_sink(config: Config, folder: Path, outline: Outline, mark: Mark | None) -> Sink:
    """A writer of the parts."""
    return PartedSink(folder, ".parquet", config.rows, lambda path: _Part(path, config.group), mark)


def stored_names(config: Config, identities: tuple[str, ...]) -> tuple[str, ...]:
    """The same: a cell holds any text."""
    return identities


def source(config: Config, colour: Literal["RGB", "BGR"]) -> source_module.Config:
    """Reads the folder."""
    return source_module.Config(path=config.path, colour=colour)


class _Part:
    def __init__(self, path: Path, group: int) -> None:
        self._file = pq.ParquetWriter(
            path,
            SCHEMA,
            compression={"image": "NONE", "identity": "ZSTD", "path": "ZSTD"},
            use_dictionary=["identity"],
            write_statistics=["identity", "path"],
        )
        self._columns = Columns(group, self._write)

    def add(self, item: Item) -> None:
        self._columns.add(item)

    def close(self) -> None:
        self._columns.flush()
        self._file.close()

    def _write(self, batch: pa.RecordBatch) -> None:
        self._file.write_table(pa.Table.from_batches([batch]), row_group_size=len(batch))
