"""Records by key: nothing is read before it is asked for, and there is no file position.

A local file is a memory map, a remote one is read by the block (`frlib.data.storage`). The image of
a record in one part, and nearly all are, is checked and cut out in one step; anything else goes
through `framing`, which also says what is wrong with a damaged one.
"""

import logging
import struct
from array import array
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from frlib.core.errors import DataError
from frlib.data.progress import Progress
from frlib.data.recordio import framing, header
from frlib.data.recordio import index as indices
from frlib.data.recordio.entries import Entries, Numbers
from frlib.data.recordio.header import Header
from frlib.data.recordio.index import Index
from frlib.data.storage import blobs
from frlib.data.storage.places import Place

_log = logging.getLogger(__name__)
_SIZES = struct.Struct("<4sII")
"""Magic and length of a part, flag of the image header in it."""
_IMAGE = framing.HEAD.size + header.FIXED.size


class Head(NamedTuple):
    """A record's header and the size of its image in bytes."""

    header: Header
    image_bytes: int


class RecordFile:
    """A `.rec` file. `index`: its index, by default the file of the same name with `.idx`.

    Without an index file the index is made by hopping from record to record. Safe to use from
    threads and after a fork.
    """

    def __init__(self, path: Place, index: Place | None = None) -> None:
        self.path = path
        self.index_path = index or path.with_suffix(".idx")
        self._data = blobs.open_blob(path, "a RecordIO file")
        self._size = len(self._data)
        self._size_now = blobs.size_now(self._data)
        self.index = self._checked_index()

    def record(self, key: int) -> bytes:
        """The whole record of a key."""
        return self.record_at(self.index.offset(key))

    def record_at(self, offset: int) -> bytes:
        """The whole record that begins at `offset`."""
        self._require_whole()
        return framing.join(self._data, framing.parts(self._data, offset, self.path))

    def image(self, key: int) -> tuple[Header, bytes]:
        """Header and encoded image of a key; `DataError` too if the file was cut while open."""
        offset = self.index.offset(key)
        record = self.record_at(offset)
        found, start = header.unpack(record, len(record), self.path, offset)
        return found, record[start:]

    def encoded(self, key: int) -> bytes:
        """The encoded image of a key. A record in one part is checked and cut out in one step."""
        if self._size_now() == self._size:
            offset = self.index.offset(key)
            start = self._data[offset : offset + _SIZES.size]
            if len(start) == _SIZES.size:
                magic, size, flag = _SIZES.unpack(start)
                begin = offset + _IMAGE + 4 * flag
                end = offset + framing.HEAD.size + size
                if (
                    magic == framing.MAGIC
                    and size < framing.LIMIT
                    and begin <= end
                    and end + -end % 4 <= self._size
                ):
                    return self._data[begin:end]
        return self.image(key)[1]

    def head(self, key: int) -> Head:
        """The header alone, without reading the image."""
        self._require_whole()
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
        while offset < self._size:
            yield offset
            offset = framing.parts(self._data, offset, self.path)[-1].following

    def _require_whole(self) -> None:
        if self._size_now() < self._size:
            blobs.require_whole(self._data, self.path)

    def _checked_index(self) -> Index:
        """Keys and offsets, checked against the size of the file."""
        if not self.index_path.exists():
            _log.warning("%s: no index beside it, reading all record heads once", self.path)
            return self._rebuilt()
        found = indices.load(self.index_path)
        last = int(found.offsets.max())
        aligned = not int(np.bitwise_or.reduce(found.offsets)) % 4
        if not aligned or last + framing.HEAD.size > self._size:
            raise self._odd_offsets(found)
        framing.parts(self._data, last, self.path)
        return found

    def _odd_offsets(self, found: Index) -> DataError:
        odd = np.flatnonzero(
            (found.offsets % 4 != 0) | (found.offsets + framing.HEAD.size > self._size)
        )
        return framing.damaged(
            self.path,
            int(found.offsets[odd[0]]),
            f"a file of {self._size:,} bytes with {len(odd):,} such offsets in its index, first of "
            f"key {found.key(int(odd[0]))}",
            "offsets of records, multiples of 4 within the file",
        )

    def _rebuilt(self) -> Index:
        offsets, ids = array("q"), array("q")
        progress = Progress(_log, f"indexing {self.path} (bytes)", self._size)
        for offset in self.offsets():
            progress.advance(offset - (offsets[-1] if offsets else 0))
            offsets.append(offset)
            ids.append(self._id_at(offset))
        progress.finish()
        keys: Numbers = np.frombuffer(ids, dtype=np.int64)
        if int(keys.min()) < 0 or len(np.unique(keys)) < len(keys):
            keys = np.arange(len(keys), dtype=np.int64)
        entries = Entries(len(keys))
        entries.append(np.stack([keys, np.frombuffer(offsets, dtype=np.int64)], axis=1).ravel())
        return Index(entries, self.path)

    def _id_at(self, offset: int) -> int:
        """The id in the header of the record, -1 if it has none that could be a key."""
        parts = framing.parts(self._data, offset, self.path)
        if framing.length(parts) < header.FIXED.size:
            return -1
        whole = len(parts) == 1
        start = parts[0].start
        fixed = self._data[start : start + header.FIXED.size] if whole else b""
        key = header.FIXED.unpack_from(fixed or framing.join(self._data, parts))[2]
        return int(key) if key < indices.TOO_LARGE else -1
