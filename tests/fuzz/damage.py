"""Ways a file gets damaged: bits flip, ends are cut, pieces are lost, doubled, blanked, foreign."""

import random
from collections.abc import Callable


def _flip(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def _lose(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 4, 64))]


def _double(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.choice((1, 8, 200))]
    data[start:start] = piece


def _blank(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.choice((4, 16, 512))]
    data[start : start + len(piece)] = bytes([rng.choice((0, 255))]) * len(piece)


def _strange(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    piece = rng.randbytes(rng.choice((1, 4, 32)))
    data[start : start + len(piece)] = piece


KINDS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    *(_flip, _flip, _flip),
    *(_cut, _cut),
    *(_lose, _double, _blank, _strange),
)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """A damaged copy; the same for the same state of `rng`. An empty file gets a byte."""
    found = bytearray(data or b"\0")
    rng.choice(KINDS)(found, rng)
    return bytes(found)
