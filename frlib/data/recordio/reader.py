"""Records by key over a memory map: nothing is read before it is asked for, no file position."""

import logging
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from frlib.core.errors import DataError
from frlib.data.progress import Progress
from frlib.data.recordio import framing, header
from frlib.data.recordio import index as indices
from frlib.data.recordio.header import Header
from frlib.data.recordio.index import Index, Numbers

_log = logging.getLogger(__name__)


class Head(NamedTuple):
    """A record's header and the size of its image in bytes."""

    header: Header
    image_bytes: int


class RecordFile:
    """A `.rec` file. `index`: its index, by default the file of the same name with `.idx`.

    Without an index file the index is made by hopping from record to record. Safe to use from
    threads and after a fork.
    """

    def __init__(self, path: Path, index: Path | None = None) -> None:
        self.path = path
        self.index_path = index or path.with_suffix(".idx")
        self._data = _map(path)
        self.index = self._checked_index()

    def _checked_index(self) -> Index:
        """Keys and offsets, checked against the size of the file."""
        if not self.index_path.exists():
            _log.warning("%s: no index beside it, reading all record heads once", self.path)
            return self._rebuilt()
        found = indices.load(self.index_path)
        odd = np.flatnonzero(
            (found.offsets % 4 != 0) | (found.offsets + framing.HEAD.size > len(self._data))
        )
        if len(odd):
            offset = int(found.offsets[odd[0]])
            raise framing.damaged(
                self.path,
                offset,
                f"a file of {len(self._data):,} bytes with {len(odd):,} such offsets in its index, "
                f"first of key {found.key(int(odd[0]))}",
                "offsets of records, multiples of 4 within the file",
            )
        framing.parts(self._data, int(found.offsets.max()), self.path)
        return found

    def record(self, key: int) -> bytes:
        """The whole record of a key."""
        return self.record_at(self.index.offset(key))

    def record_at(self, offset: int) -> bytes:
        """The whole record that begins at `offset`."""
        return framing.join(self._data, framing.parts(self._data, offset, self.path))

    def image(self, key: int) -> tuple[Header, bytes]:
        """Header and encoded image of a key."""
        offset = self.index.offset(key)
        record = self.record_at(offset)
        found, start = header.unpack(record, len(record), self.path, offset)
        return found, record[start:]

    def head(self, key: int) -> Head:
        """The header alone, without reading the image."""
        offset = self.index.offset(key)
        parts = framing.parts(self._data, offset, self.path)
        size = framing.length(parts)
        if len(parts) == 1 and size >= header.FIXED.size:
            start = parts[0].start
            labels = int.from_bytes(self._data[start : start + 4], "little")
            record = self._data[start : min(start + header.FIXED.size + 4 * labels, parts[0].end)]
        else:
            record = framing.join(self._data, parts)
        found, start = header.unpack(record, size, self.path, offset)
        return Head(found, size - start)

    def class_of(self, key: int) -> int:
        """The class number of an image."""
        return header.class_of(self.head(key).header, self.path, self.index.offset(key))

    def offsets(self) -> Iterator[int]:
        """Where every record begins, in order of the file and without the index."""
        offset = 0
        while offset < len(self._data):
            yield offset
            offset = framing.parts(self._data, offset, self.path)[-1].following

    def _rebuilt(self) -> Index:
        offsets: list[int] = []
        ids: list[int] = []
        progress = Progress(_log, f"indexing {self.path} (bytes)", len(self._data))
        for offset in self.offsets():
            progress.advance(offset - (offsets[-1] if offsets else 0))
            offsets.append(offset)
            ids.append(self._id_at(offset))
        progress.finish()
        keys: Numbers = np.arange(len(offsets), dtype=np.int64)
        if min(ids) >= 0 and len(np.unique(np.asarray(ids))) == len(ids):
            keys = np.asarray(ids, dtype=np.int64)
        return Index(keys, np.asarray(offsets, dtype=np.int64), self.path)

    def _id_at(self, offset: int) -> int:
        """The id in the header of the record, -1 if it has none that could be a key."""
        parts = framing.parts(self._data, offset, self.path)
        if framing.length(parts) < header.FIXED.size:
            return -1
        whole = len(parts) == 1
        start = parts[0].start
        fixed = self._data[start : start + header.FIXED.size] if whole else b""
        key = header.FIXED.unpack_from(fixed or framing.join(self._data, parts))[2]
        return int(key) if key < 1 << 63 else -1


def _map(path: Path) -> mmap.mmap:
    try:
        size = path.stat().st_size
        if not size:
            raise DataError(f"{path}: 0 bytes; expected records. Copy the file again.")
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; expected a RecordIO file") from error
