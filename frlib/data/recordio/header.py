"""The header of an image record: labels and ids before the encoded image.

    0   u32     flag: 0, or the number k of labels that follow
    4   f32     label if flag is 0, else 0
    8   u64     id, the record's key
    16  u64     id2
    24  f32[k]  labels
    24 + 4k     the encoded image, up to the end of the record

Little-endian, `struct` format `<IfQQ`. (MXNet, `python/mxnet/recordio.py`, `IRHeader` and `pack`.)

A float32 is exact for whole numbers up to 2**24 only: 16,777,217 is stored as 16,777,216. Larger
labels are refused when written; when read, a class from 2**24 on is an error, since two classes
may have become one.
"""

import math
import struct
from typing import NamedTuple

from frlib.core.errors import DataError
from frlib.data.recordio.framing import damaged
from frlib.data.storage.places import Place

EXACT = 1 << 24
_IDS = 1 << 64
FIXED = struct.Struct("<IfQQ")


class Header(NamedTuple):
    """`label`: a number (flag 0) or a tuple of them (flag: how many)."""

    label: float | tuple[float, ...]
    id: int
    id2: int = 0

    @property
    def flag(self) -> int:
        """0 for a number, else the length of the vector."""
        return len(self.label) if isinstance(self.label, tuple) else 0

    @property
    def first(self) -> float:
        """The label, or the first of the vector."""
        return self.label[0] if isinstance(self.label, tuple) else self.label


def pack(header: Header, image: bytes) -> bytes:
    """A record; `DataError` for a label that float32 does not hold or an id that u64 does not."""
    labels = header.label if isinstance(header.label, tuple) else (header.label,)
    if not labels:
        raise DataError(f"record {header.id}: an empty vector of labels; expected at least one")
    for label in labels:
        if not abs(label) <= EXACT:
            raise DataError(
                f"record {header.id}: label {label}; RecordIO keeps labels as float32, exact up to "
                f"2**24 = {EXACT:,} only. Number the classes from 0, or split the set into files."
            )
    if not (0 <= header.id < _IDS and 0 <= header.id2 < _IDS):
        raise DataError(f"record {header.id}: ids {header.id}, {header.id2}; expected 0 to 2**64-1")
    if not header.flag:
        return FIXED.pack(0, labels[0], header.id, header.id2) + image
    fixed = FIXED.pack(header.flag, 0.0, header.id, header.id2)
    return fixed + struct.pack(f"<{header.flag}f", *labels) + image


def unpack(record: bytes, size: int, path: Place, offset: int) -> tuple[Header, int]:
    """Header and start of the image.

    `record`: the beginning of a record of `size` bytes, with all of its header. `path` and
    `offset` are for errors.
    """
    if size < FIXED.size:
        raise damaged(path, offset, f"a record of {size} bytes", "an image header of 24 or more")
    flag, label, key, key2 = FIXED.unpack_from(record)
    if not flag:
        return Header(label, key, key2), FIXED.size
    start = FIXED.size + 4 * flag
    if start > size:
        raise damaged(
            path, offset, f"{flag:,} labels in a record of {size:,} bytes", f"{start:,} or more"
        )
    return Header(struct.unpack_from(f"<{flag}f", record, FIXED.size), key, key2), start


def class_of(header: Header, path: Place, offset: int) -> int:
    """The class number: the first label, which must be a whole number in 0 .. 2**24 - 1."""
    label = header.first
    if 0 <= label < EXACT and label == int(label):
        return int(label)
    reason = "a class number, whole and not negative"
    if math.isfinite(label) and label >= EXACT:
        reason = f"less than 2**24 = {EXACT:,}, above which float32 labels run together"
    raise DataError(
        f"{path}, offset {offset}: found label {label} (id {header.id}); expected {reason}. Number "
        "the classes from 0 and make the file again, or copy it again if it is damaged."
    )
