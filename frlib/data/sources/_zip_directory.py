"""The central directory of a zip archive as columns, and its members by position.

The directory is read in one piece and its fixed fields are taken out as arrays; nothing is
extracted, and there is no file position. What could harm is refused before anything is read: paths
that leave their folder, encryption, sizes that no image has or deflate cannot reach, members that
share bytes. Zip64 is read; archives of several volumes, and bytes before the archive, are not.

(PKWARE, APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16 and 4.5.3.)
"""

import struct
import zlib
from array import array
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frlib.data.sources import _zip_rules as rules
from frlib.data.storage.blobs import Blob, require_whole
from frlib.data.storage.places import Place

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LENGTHS = struct.Struct("<3H")
_LOCAL = struct.Struct("<4s5H3L2H")
_MOST_COMMENT = 65_535
_FULL = 0xFFFFFFFF
_ROWS = 1 << 14
_UTF8 = 0x800
_ENTRY = np.dtype(
    [
        ("signature", "S4"),
        ("made", "<u2", 2),
        ("flags", "<u2"),
        ("method", "<u2"),
        ("time", "<u2", 2),
        ("sum", "<u4"),
        ("stored", "<u4"),
        ("size", "<u4"),
        ("name", "<u2"),
        ("extra", "<u2"),
        ("comment", "<u2"),
        ("disk", "<u2"),
        ("internal", "<u2"),
        ("external", "<u4"),
        ("offset", "<u4"),
    ]
)


@dataclass(frozen=True, eq=False)
class Members:
    """M members in order of position.

    offsets: of the local headers. stored, sizes: bytes in the archive and unpacked. sums: CRC-32.
    deflated: else stored as they are. Together 21 bytes a member, beside the names.
    """

    names: list[str]
    offsets: NDArray[np.int64]
    stored: NDArray[np.uint32]
    sizes: NDArray[np.uint32]
    sums: NDArray[np.uint32]
    deflated: NDArray[np.bool_]


def members(blob: Blob, place: Place, is_image: Callable[[str], bool]) -> tuple[Members, int]:
    """Members whose name is that of an image, and how many other files there are.

    `DataError` for an archive that is damaged or hostile; what is refused of images is said with
    the first name and the count.
    """
    start, size, count = _end(blob, place)
    directory = blob[start : start + size]
    entries, positions = _entries(directory, count, place)
    names = _names(directory, entries, positions, place)
    columns = {
        name: entries[name].astype(np.int64) for name in ("offset", "stored", "size", "name")
    }
    _widen(columns, directory, entries, positions, names, place)
    rules.refuse_overlap(columns, names, start, place)
    chosen = [row for row, name in enumerate(names) if is_image(name)]
    num_others = 0
    if len(chosen) < len(names):
        num_others = sum(not name.endswith("/") for name in names) - len(chosen)
    order = np.asarray(chosen, dtype=np.int64)
    order = order[np.argsort(columns["offset"][order], kind="stable")]
    picked = [names[row] for row in order.tolist()]
    rules.refuse_harm(entries[order], {k: v[order] for k, v in columns.items()}, picked, place)
    found = Members(
        picked,
        columns["offset"][order],
        columns["stored"][order].astype(np.uint32),
        columns["size"][order].astype(np.uint32),
        entries["sum"][order].astype(np.uint32),
        entries["method"][order] == rules.DEFLATED,
    )
    return found, num_others


def unpack(
    blob: Blob, place: Place, offset: int, stored: int, size: int, crc: int, deflated: bool
) -> bytes:
    """The bytes of a member, checked against its size and its CRC."""
    start = local_name(blob, place, offset)[1]
    data = blob[start : start + stored]
    if deflated:
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, size + 1)
        except zlib.error as error:
            raise rules.damaged(place, f"at {offset}: {error}", "deflated bytes") from error
    if len(data) != size:
        raise rules.damaged(place, f"at {offset}: {len(data):,} bytes or more", f"{size:,} bytes")
    if zlib.crc32(data) != crc:
        raise rules.damaged(place, f"at {offset}: CRC {zlib.crc32(data):08x}", f"{crc:08x}")
    return data


def local_name(blob: Blob, place: Place, offset: int) -> tuple[str, int]:
    """The name in the header at `offset`, and where the data begins."""
    require_whole(blob, place)
    head = blob[offset : offset + _LOCAL.size]
    if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
        raise rules.damaged(place, f"at {offset}: {head[:4]!r}", "the header of a member")
    fields = _LOCAL.unpack(head)
    end = offset + _LOCAL.size + fields[-2]
    name = blob[offset + _LOCAL.size : end]
    return _text(name, fields[2]), end + fields[-1]


def _end(blob: Blob, place: Place) -> tuple[int, int, int]:
    """Position, size and number of members of the central directory."""
    base = max(0, len(blob) - _END.size - _MOST_COMMENT)
    tail = blob[base : len(blob)]
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise rules.damaged(place, "no end of a central directory", "a zip archive")
    _, disk, first_disk, _, count, size, start, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        raise rules.damaged(
            place, f"{len(tail) - at - _END.size:,} bytes after the end", f"{comment:,}"
        )
    end = base + at
    locator = blob[max(0, end - _LOCATOR.size) : end]
    if len(locator) == _LOCATOR.size and locator[:4] == b"PK\x06\x07":
        _, first_disk, end, _ = _LOCATOR.unpack(locator)
        record = blob[end : end + _END64.size]
        if len(record) < _END64.size or record[:4] != b"PK\x06\x06":
            raise rules.damaged(place, f"{record[:4]!r} at {end}", "the end of a zip64 directory")
        _, _, _, _, disk, first_disk, _, count, size, start = _END64.unpack(record)
    if disk or first_disk:
        raise rules.damaged(
            place, f"volume {disk} of an archive in several", "an archive in one file"
        )
    if start + size != end:
        raise rules.damaged(
            place, f"a directory of {size:,} bytes at {start:,}", f"one that ends at {end:,}"
        )
    return start, size, count


def _entries(
    directory: bytes, count: int, place: Place
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """`[M]` fixed fields and `[M]` where each entry begins."""
    found = array("q")
    at, fixed, end = 0, _ENTRY.itemsize, len(directory)
    while at < end:
        if at + fixed > end or directory[at : at + 4] != b"PK\x01\x02":
            raise rules.damaged(
                place,
                f"{directory[at : at + 4]!r} at byte {at:,} of its directory",
                f"member {len(found) + 1:,} of {count:,}",
            )
        found.append(at)
        name, extra, comment = _LENGTHS.unpack_from(directory, at + 28)
        at += fixed + name + extra + comment
    if at != end or len(found) != count:
        raise rules.damaged(place, f"{len(found):,} members in its directory", f"{count:,}")
    positions = np.frombuffer(found, dtype=np.int64) if found else np.empty(0, dtype=np.int64)
    every = np.frombuffer(directory, dtype=np.uint8)
    rows = np.empty((len(positions), fixed), dtype=np.uint8)
    for first in range(0, len(positions), _ROWS):
        block = slice(first, first + _ROWS)
        rows[block] = every[positions[block, None] + np.arange(fixed)]
    return rows.view(_ENTRY).reshape(-1), positions


def _names(
    directory: bytes, entries: NDArray[np.void], positions: NDArray[np.int64], place: Place
) -> list[str]:
    starts = positions + _ENTRY.itemsize
    names = [
        _text(directory[start:end], flags)
        for start, end, flags in zip(
            starts.tolist(),
            (starts + entries["name"]).tolist(),
            entries["flags"].tolist(),
            strict=True,
        )
    ]
    rules.refuse_names(names, place)
    return names


def _text(name: bytes, flags: int) -> str:
    if flags & _UTF8 or name.isascii():
        return name.decode("utf-8", "replace")
    return name.decode("cp437")


def _widen(
    columns: dict[str, NDArray[np.int64]],
    directory: bytes,
    entries: NDArray[np.void],
    positions: NDArray[np.int64],
    names: list[str],
    place: Place,
) -> None:
    """Take from the zip64 fields what 32 bits could not hold, in the order size, stored, offset."""
    order = ("size", "stored", "offset")
    full = np.zeros(len(entries), dtype=bool)
    for column in order:
        full |= columns[column] == _FULL
    for row in np.flatnonzero(full).tolist():
        start = int(positions[row]) + _ENTRY.itemsize + int(entries["name"][row])
        wide = _zip64(directory[start : start + int(entries["extra"][row])])
        for column in order:
            if columns[column][row] == _FULL:
                value = int.from_bytes(wide[:8], "little")
                if len(wide) < 8 or value >= 1 << 62:
                    raise rules.damaged(place, f"no zip64 {column} of {names[row]!r}", "one")
                columns[column][row], wide = value, wide[8:]


def _zip64(extra: bytes) -> bytes:
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<2H", extra)
        if kind == 1:
            return extra[4 : 4 + size]
        extra = extra[4 + size :]
    return b""
