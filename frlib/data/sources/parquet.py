"""Parquet: columns `image` (encoded bytes), `identity`, `path` (the sample's key).

A file, or a folder of `*.parquet` files read in order of name. The optional columns `source` and
`role` select rows.

A ref is the row over all files. Row groups are read when a row of them is asked for and the last
few are kept, still encoded, so memory holds a few row groups whatever the size of the set: write
row groups of a few hundred images.
"""

import logging
import threading
from bisect import bisect_right
from collections import Counter, OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.data import decode
from frlib.data.manifest import Manifest, checksum, from_table
from frlib.data.progress import Progress
from frlib.data.sources import _files
from frlib.data.storage.blobs import as_input, first_bytes
from frlib.data.storage.listing import files
from frlib.data.storage.places import Place, Remote, at
from frlib.data.storage.remote import RemoteBlob
from frlib.data.texts import Texts, joined, texts

_KEPT_ROW_GROUPS = 4
_FAULTS = (pa.ArrowException, OSError, UnicodeDecodeError)
_log = logging.getLogger(__name__)
_REQUIRED = ("image", "identity", "path")
_FILTERS = ("role", "source")


class Config(Base):
    """Rows of parquet files."""

    name: Literal["parquet"] = "parquet"
    path: str = place(..., doc="parquet file, or folder of *.parquet files")
    role: str = setting("", doc="keep rows with this value in the column role; empty: all rows")
    source: str = setting("", doc="keep rows with this value in the column source; empty: all rows")
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored pixels")
    trusted: bool = setting(True, doc="the given identity is the truth; else truth is unknown")


@dataclass(frozen=True)
class _RowGroup:
    file: Place
    input: Path | RemoteBlob
    number: int
    start: int
    rows: int


def scan(config: Config) -> Manifest:
    """Every kept row with identity and checksum, read one row group at a time."""
    groups = _row_groups(config)
    progress = Progress(_log, f"scanning {config.path}", groups[-1].start + groups[-1].rows)
    ids, names = list[Texts](), list[Texts]()
    sums, refs = list[NDArray[np.bytes_]](), list[NDArray[np.int64]]()
    seen = {column: Counter[str]() for column in _FILTERS if getattr(config, column)}
    for group in groups:
        table = _read(group, [*_REQUIRED, *seen])
        _require_whole(table, group)
        rows = np.arange(group.rows)
        for column, counter in seen.items():
            values = np.array([str(value) for value in table.column(column).to_pylist()])
            counter.update(values.tolist())
            rows = rows[values[rows] == getattr(config, column)]
        images = table.column("image")
        ids.append(texts(table.column("path").cast(pa.string()))[rows])
        names.append(texts(table.column("identity").cast(pa.string()))[rows])
        sums.append(np.array([checksum(images[row].as_py()) for row in rows.tolist()], "S32"))
        refs.append(group.start + rows)
        progress.advance(group.rows)
    progress.finish()
    if not sum(map(len, ids)):
        found = "; ".join(f"{column}: {dict(counter)}" for column, counter in seen.items())
        asked = {column: getattr(config, column) for column in seen}
        raise DataError(f"parquet: {config.path}: no row matches {asked}. Found {found}")
    return from_table(
        ids=joined(ids),
        names=joined(names),
        checksums=np.concatenate(sums),
        refs=np.concatenate(refs),
        reader=config,
        colour=config.colour,
        trusted=config.trusted,
    )


def open_reader(config: Config) -> "ParquetReader":
    """A reader by row number."""
    return ParquetReader(config)


def fingerprint(config: Config) -> str:
    """Over the path, size and time of change of every file."""
    return _files.fingerprint(_paths(config))


def recognise(path: Place) -> Config | None:
    """A file that begins as parquet does, or a folder of `*.parquet` files."""
    if path.is_dir():
        return Config(path=str(path)) if files(path, ".parquet") else None
    return Config(path=str(path)) if first_bytes(path, 4) == b"PAR1" else None


class ParquetReader:
    """Encoded images by row, with the last few row groups kept in memory."""

    def __init__(self, config: Config) -> None:
        self.colour: str = config.colour
        self._path = config.path
        self._groups = _row_groups(config)
        self._starts = [group.start for group in self._groups]
        self._kept: OrderedDict[int, pa.Table] = OrderedDict()
        self._lock = threading.Lock()

    def images(self, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """`[n]` refs -> `[n, size, size, 3]` RGB."""
        return decode.images(self, refs, size)

    def read(self, ref: int) -> bytes:
        """The encoded image in this row."""
        value = self._cell(ref, "image")
        assert isinstance(value, bytes)
        return value

    def read_many(self, refs: NDArray[np.int64]) -> list[bytes]:
        """The encoded images in these rows, a row group at a time where they follow one another."""
        positions = np.searchsorted(self._starts, refs, side="right") - 1
        images: list[bytes] = []
        for run in np.split(np.arange(len(refs)), np.flatnonzero(np.diff(positions)) + 1):
            position = int(positions[run[0]])
            rows = refs[run] - self._starts[position]
            if position < 0 or rows.max() >= self._groups[position].rows:
                raise self._no_row(int(refs[run].max()))
            images += self._table(position).column("image").take(pa.array(rows)).to_pylist()
        return images

    def where(self, ref: int) -> str:
        """The file and the sample id."""
        return f"{self._path}: {self._cell(ref, 'path')}"

    def _cell(self, ref: int, column: str) -> Any:
        position = bisect_right(self._starts, ref) - 1
        row = ref - self._starts[position]
        if position < 0 or row >= self._groups[position].rows:
            raise self._no_row(ref)
        return self._table(position).column(column)[row].as_py()

    def _no_row(self, ref: int) -> DataError:
        return DataError(f"{self._path}: no row {ref}; the file changed since it was scanned")

    def _table(self, position: int) -> pa.Table:
        with self._lock:
            if position not in self._kept:
                self._kept[position] = _read(self._groups[position], ["image", "path"])
                if len(self._kept) > _KEPT_ROW_GROUPS:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(position)
            return self._kept[position]


def _paths(config: Config) -> list[Place]:
    path = at(config.path)
    if path.is_dir():
        found = files(path, ".parquet")
        if not found:
            raise DataError(f"parquet: {path} holds no *.parquet file")
        return found
    if not path.is_file():
        raise DataError(f"parquet: {path} does not exist; expected a parquet file or a folder")
    return [path]


def _row_groups(config: Config) -> list[_RowGroup]:
    needed = [*_REQUIRED, *(column for column in _FILTERS if getattr(config, column))]
    groups: list[_RowGroup] = []
    start = 0
    for file in _paths(config):
        source = RemoteBlob(file) if isinstance(file, Remote) else file
        try:
            with pq.ParquetFile(as_input(source)) as parquet:
                columns = parquet.schema_arrow.names
                counts = [
                    parquet.metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)
                ]
        except _FAULTS as error:
            raise DataError(f"parquet: {file} cannot be read ({error}). Copy it again.") from error
        missing = [column for column in needed if column not in columns]
        if missing:
            raise DataError(
                f"parquet: {file}: no column {', '.join(missing)}; it has {', '.join(columns)}"
            )
        for number, rows in enumerate(counts):
            groups.append(_RowGroup(file, source, number, start, rows))
            start += rows
    if not start:
        raise DataError(f"parquet: {config.path} has no rows; expected at least one image")
    return groups


def _read(group: _RowGroup, columns: list[str]) -> pa.Table:
    try:
        with pq.ParquetFile(as_input(group.input)) as parquet:
            table = parquet.read_row_group(group.number, columns=columns)
            table.validate(full=True)
            return table
    except _FAULTS as error:
        raise DataError(
            f"parquet: {group.file}, row group {group.number} of {group.rows:,} rows cannot be "
            f"read ({error}). Copy the file again."
        ) from error


def _require_whole(table: pa.Table, group: _RowGroup) -> None:
    kind = table.schema.field("image").type
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise DataError(
            f"parquet: {group.file}: column image is {kind}, expected binary (encoded bytes)"
        )
    empty = {c: table.column(c).null_count for c in _REQUIRED if table.column(c).null_count}
    if empty:
        raise DataError(
            f"parquet: {group.file}, rows from {group.start:,}: empty cells {empty}; expected "
            "none. Fill or remove these rows."
        )
