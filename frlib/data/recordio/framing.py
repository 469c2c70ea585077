"""Parts and records of a `.rec` file, all integers little-endian.

The file is a sequence of parts, with nothing before, between or after them:

    0  u32    magic = 0xCED7230A, bytes 0A 23 D7 CE
    4  u32    cflag << 29 | n
    8  u8[n]  data, then zeros up to a multiple of 4

cflag: 0 a whole record, 1 its first part, 2 a middle part, 3 its last part. A record is split only
where the magic occurs in it at a multiple of 4 from its start; the magic itself is left out there,
so a reader joins the parts with it. First and middle parts thus hold a multiple of 4 bytes.
(dmlc-core, `include/dmlc/recordio.h` and `src/recordio.cc`.)
"""

import struct
from typing import NamedTuple

from frlib.core.errors import DataError
from frlib.data.storage.blobs import Blob
from frlib.data.storage.places import Place

MAGIC = struct.pack("<I", 0xCED7230A)
LIMIT = 1 << 29
WHOLE, FIRST, MIDDLE, LAST = range(4)
HEAD = struct.Struct("<4sI")
_KINDS = ("a whole record", "a first part", "a middle part", "a last part")


class Part(NamedTuple):
    """One part: its cflag, where its data begins and ends, where the next part begins."""

    cflag: int
    start: int
    end: int
    following: int


def damaged(path: Place, offset: int, found: str, expected: str) -> DataError:
    """The error for bytes that are no RecordIO."""
    return DataError(
        f"{path}, offset {offset}: found {found}; expected {expected}. The file is damaged or cut "
        "short, or its index belongs to another file: copy both again, or remove the index to "
        "have it made anew."
    )


def part(data: Blob, offset: int, path: Place) -> Part:
    """The part at `offset`; `path` names the file in errors."""
    size = len(data)
    if offset < 0 or offset + HEAD.size > size:
        raise damaged(path, offset, f"the end of the file at {size}", "a record")
    magic, word = HEAD.unpack(data[offset : offset + HEAD.size])
    if magic != MAGIC:
        raise damaged(path, offset, f"bytes {magic.hex()}", f"the magic number {MAGIC.hex()}")
    start = offset + HEAD.size
    end = start + word % LIMIT
    following = end + -end % 4
    if following > size:
        raise damaged(
            path,
            offset,
            f"{size - start:,} bytes up to the end of the file",
            f"{following - start:,} bytes of a record with its padding",
        )
    return Part(word // LIMIT, start, end, following)


def parts(data: Blob, offset: int, path: Place) -> list[Part]:
    """The parts of the record that begins at `offset`."""
    found = [part(data, offset, path)]
    if found[0].cflag not in (WHOLE, FIRST):
        raise damaged(path, offset, _kind(found[0]), "the start of a record")
    while found[-1].cflag in (FIRST, MIDDLE):
        before = found[-1]
        if (before.end - before.start) % 4:
            length = f"{_kind(before)} of {before.end - before.start:,} bytes"
            raise damaged(path, before.start - HEAD.size, length, "a multiple of 4")
        found.append(part(data, before.following, path))
        if found[-1].cflag not in (MIDDLE, LAST):
            raise damaged(path, before.following, _kind(found[-1]), "a middle or last part")
    return found


def join(data: Blob, found: list[Part]) -> bytes:
    """The bytes of a record from its parts."""
    if len(found) == 1:
        return data[found[0].start : found[0].end]
    return MAGIC.join(data[one.start : one.end] for one in found)


def length(found: list[Part]) -> int:
    """How many bytes `join` would give."""
    return sum(one.end - one.start for one in found) + len(MAGIC) * (len(found) - 1)


def frame(record: bytes) -> bytes:
    """The bytes of a file for one record, split and padded."""
    if len(record) >= LIMIT:
        raise DataError(
            f"a record of {len(record):,} bytes; RecordIO holds fewer than {LIMIT:,} in one record"
        )
    pieces = []
    done = 0
    at = record.find(MAGIC)
    while at >= 0:
        if at % 4 == 0:
            pieces += [_head(MIDDLE if done else FIRST, at - done), record[done:at]]
            done = at + 4
        at = record.find(MAGIC, at + 1 if at % 4 else done)
    rest = record[done:]
    pieces += [_head(LAST if done else WHOLE, len(rest)), rest, bytes(-len(rest) % 4)]
    return b"".join(pieces)


def _head(cflag: int, size: int) -> bytes:
    return HEAD.pack(MAGIC, cflag << 29 | size)


def _kind(one: Part) -> str:
    known = one.cflag < len(_KINDS)
    return f"{_KINDS[one.cflag] if known else 'an unknown kind of part'} (cflag {one.cflag})"
