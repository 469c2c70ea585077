"""Bytes of RecordIO files put together with `struct`, not with the code under test."""

import struct
from pathlib import Path

MAGIC = b"\x0a\x23\xd7\xce"


def part(cflag: int, data: bytes) -> bytes:
    padded = data + b"\0" * ((4 - len(data) % 4) % 4)
    return MAGIC + struct.pack("<I", cflag * 2**29 + len(data)) + padded


def scalar(key: int, label: float, image: bytes) -> bytes:
    return struct.pack("<IfQQ", 0, label, key, 0) + image


def vector(key: int, labels: tuple[float, ...], image: bytes, id2: int = 0) -> bytes:
    head = struct.pack("<IfQQ", len(labels), 0.0, key, id2)
    return head + b"".join(struct.pack("<f", label) for label in labels) + image


def write(path: Path, *records: tuple[int, bytes], index: bool = True) -> Path:
    """(key, record without the magic inside) each, and the index beside it."""
    data, lines = b"", ""
    for key, record in records:
        lines += f"{key}\t{len(data)}\n"
        data += part(0, record)
    path.write_bytes(data)
    if index:
        path.with_suffix(".idx").write_text(lines)
    return path
