"""Small pair sets and their pickles, made without the code under test."""

import struct

import numpy as np


def images(count: int) -> list[bytes]:
    """Items that start like a JPEG and then hold every awkward byte."""
    awkward = bytes([0, 0xFF, 0xD8, 10, 13, 39, 34, 92, 46, 128])
    return [b"\xff\xd8\xff\xe0" + awkward + bytes([i]) * (i + 1) for i in range(count)]


def columns(items: list[bytes]) -> list[np.ndarray]:
    """The same as arrays of shape (n, 1), as OpenCV's encoder gives them."""
    return [np.frombuffer(item, dtype=np.uint8).reshape(-1, 1).copy() for item in items]


def python2_protocol2(items: list[bytes], flags: list[bool]) -> bytes:
    """As Python 2 writes it: `str` items, memo entries from 1."""
    body = b"".join(
        b"T" + struct.pack("<i", len(item)) + item + b"q" + bytes([i + 2])
        for i, item in enumerate(items)
    )
    marks = b"".join(b"\x88" if flag else b"\x89" for flag in flags)
    return b"\x80\x02]q\x01(" + body + b"e](" + marks + b"e\x86."


def python2_protocol0(items: list[bytes], flags: list[bool]) -> bytes:
    """As Python 2 writes it: one escaped text a line, high bytes escaped or (cPickle) not."""
    body = b""
    for i, item in enumerate(items):
        quoted = repr(item)[1:].encode() if i % 2 else _raw(item)
        body += b"S" + quoted + b"\np" + str(i + 2).encode() + b"\na"
    marks = b"".join(b"I01\na" if flag else b"I00\na" for flag in flags)
    return b"((lp1\n" + body + b"(lp99\n" + marks + b"t."


def _raw(item: bytes) -> bytes:
    for plain, escaped in (b"\\", b"\\\\"), (b"'", b"\\'"), (b"\n", b"\\n"), (b"\r", b"\\r"):
        item = item.replace(plain, escaped)
    return b"'" + item + b"'"
