"""One Arrow IPC file, of the file or the stream format, by record batch.

A local file is mapped into memory: buffers that are not compressed are parts of the map, and
nothing is copied until an image is asked for. A remote file (file format only) is read by the
batch, of the columns asked for. Buffers are checked when a batch is opened, so damage is an error
and not a crash; a mapped file that is cut short afterwards is noticed when an image is asked for.

Reference: Arrow Columnar Format, "Serialization and Interprocess Communication".
"""

import threading
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data.storage import blobs
from frlib.data.storage.blobs import Blob
from frlib.data.storage.places import Place
from frlib.data.storage.remote import RemoteBlob

_FAULTS = (pa.ArrowException, OSError, ValueError, KeyError, StopIteration)
_FILE, _STREAM = b"ARROW1", b"\xff\xff\xff\xff"


class Images(NamedTuple):
    """Encoded images of a batch: row r is `data[offsets[r]:offsets[r + 1]]`.

    `paths`: the ids, if there are any. `mapped`: the bytes are those of the file, none were copied.
    """

    offsets: NDArray[Any]
    data: memoryview
    paths: pa.Array | None
    mapped: bool
    file: "ArrowFile"

    def image(self, row: int) -> bytes:
        """One image; `DataError` if the file was cut while open."""
        self.file.require_whole()
        return bytes(self.data[self.offsets.item(row) : self.offsets.item(row + 1)])

    def path(self, row: int) -> str | None:
        """The id of a row, if there are any."""
        self.file.require_whole()
        return None if self.paths is None else str(self.paths[row])


def is_arrow(place: Place) -> bool:
    """Whether a file begins as one of the two formats does."""
    start = blobs.first_bytes(place, 6)
    return start == _FILE or start[:4] == _STREAM


class ArrowFile:
    """Batches of one file. `schema`; `rows`: of every batch. Safe to use from threads."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._lock = threading.Lock()
        self._readers: dict[tuple[str, ...], Any] = {}
        self._messages: list[Any] = []
        self.blob: Blob = blobs.open_blob(place, "an Arrow file")
        self._size = len(self.blob)
        self._size_now = blobs.size_now(self.blob)
        try:
            self._open()
            self.rows = self._count()
        except _FAULTS as error:
            raise self._damaged(error) from error

    def require_whole(self) -> None:
        """`DataError` if the mapped file was cut while open."""
        if self._size_now() < self._size:
            blobs.require_whole(self.blob, self.place)

    def column(self, batch: int, name: str) -> pa.Array:
        """One column of a batch, checked."""
        return self._columns(batch, (name,)).column(0)

    def images(self, batch: int, *, with_paths: bool) -> Images:
        """The images of a batch; `DataError` for a row without one."""
        names = ("image", "path") if with_paths else ("image",)
        table = self._columns(batch, names)
        column = table.column(table.schema.get_field_index("image"))
        nulls = column.null_count
        if pa.types.is_struct(column.type):
            column = column.field("bytes")
            nulls += column.null_count
        if nulls:
            raise DataError(
                f"arrow: {self.place}, batch {batch}: {nulls:,} of {len(column):,} rows have no "
                "image; expected encoded bytes in each. Fill or remove these rows."
            )
        width = np.int64 if pa.types.is_large_binary(column.type) else np.int32
        _, offsets, data = column.buffers()
        found = np.zeros(len(column) + 1, dtype=width)
        if offsets is not None and offsets.size:
            first = column.offset * np.dtype(width).itemsize
            found = np.frombuffer(offsets, dtype=width, count=len(column) + 1, offset=first)
        return Images(
            found,
            memoryview(data if data is not None else b""),
            table.column(table.schema.get_field_index("path")) if with_paths else None,
            data is not None and self._base <= data.address < self._base + self._size,
            self,
        )

    def _open(self) -> None:
        self._base = 0
        self._source: Any = None
        if not isinstance(self.blob, RemoteBlob):
            mapped = pa.py_buffer(self.blob)
            self._base, self._source = mapped.address, pa.BufferReader(mapped)
        start = self.blob[:6]
        if start[:4] == _STREAM:
            self._open_stream()
        elif start == _FILE:
            self.schema = self._reader(()).schema
        else:
            raise DataError(
                f"arrow: {self.place} begins with {start!r}; expected an Arrow file (Feather "
                "version 2) or stream. Write it again as one of them."
            )

    def _open_stream(self) -> None:
        if self._source is None:
            raise DataError(
                f"arrow: {self.place} is an Arrow stream, which must be read from its beginning; "
                "expected the file format where the file is remote. Copy it here, or convert it."
            )
        messages = pa.MessageReader.open_stream(self._source)
        first = messages.read_next_message()
        if first.type != "schema":
            raise pa.ArrowInvalid(f"it begins with a message of kind {first.type}, not a schema")
        self.schema = pa.ipc.read_schema(first)
        for message in messages:
            if message.type != "record batch":
                raise DataError(
                    f"arrow: {self.place} is a stream with a {message.type} message; expected "
                    "record batches alone. Write plain strings, or use the file format."
                )
            self._messages.append(message)

    def _reader(self, names: tuple[str, ...]) -> Any:
        """A reader of these columns (none: all), opened once."""
        if names not in self._readers:
            wanted = [self.schema.get_field_index(name) for name in names]
            source = self._source
            if isinstance(self.blob, RemoteBlob):
                source = blobs.as_input(self.blob)
            self._readers[names] = pa.ipc.open_file(
                source, options=pa.ipc.IpcReadOptions(included_fields=wanted, use_threads=False)
            )
        return self._readers[names]

    def _count(self) -> list[int]:
        """Rows of every batch, from a column other than the images where there is one."""
        light = [name for name in self.schema.names if name != "image"][:1]
        names = (*light,) or tuple(self.schema.names[:1])
        if not self._messages:
            number = self._reader(()).num_record_batches
            return [self._reader(names).get_batch(i).num_rows for i in range(number)]
        return [pa.ipc.read_record_batch(m, self.schema).num_rows for m in self._messages]

    def _columns(self, batch: int, names: tuple[str, ...]) -> pa.RecordBatch:
        self.require_whole()
        try:
            with self._lock:
                found = self._batch(batch, names).select(list(names))
            found.validate(full=True)
        except _FAULTS as error:
            raise self._damaged(error) from error
        return found

    def _batch(self, batch: int, names: tuple[str, ...]) -> pa.RecordBatch:
        """Of a map the whole batch: choosing columns would have Arrow copy them."""
        if self._messages:
            return pa.ipc.read_record_batch(self._messages[batch], self.schema)
        return self._reader(names if self._source is None else ()).get_batch(batch)

    def _damaged(self, error: Exception) -> DataError:
        reason = str(error).splitlines()[0]
        return DataError(
            f"arrow: {self.place} cannot be read ({reason}); expected a whole Arrow file or "
            "stream. Copy it again."
        )
