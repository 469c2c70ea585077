"""Writing `.rec` and `.idx`, byte for byte as MXNet does; both are whole or absent.

The records take their place before the index: a crash between the two leaves records whose index
can be made again.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from frlib.core import safeio
from frlib.core.errors import DataError
from frlib.data.recordio import framing, header
from frlib.data.recordio import index as indices
from frlib.data.recordio.companions import Property
from frlib.data.recordio.header import Header

Style = Literal["list", "builder"]


class Bytes(Protocol):
    """Where a writer puts bytes: at the end of an open file."""

    def write(self, data: bytes, /) -> object:
        """Append these."""
        ...


class Writer:
    """Appends records to open files. `offset`, `keys`: of the records that are in them already."""

    def __init__(
        self, records: Bytes, index: Bytes, offset: int = 0, keys: Iterable[int] = ()
    ) -> None:
        self._records, self._index = records, index
        self._offset = offset
        self._keys = array("q", keys)

    def add(self, key: int, record: bytes) -> None:
        """One record; `close` checks that no key was used twice."""
        if not 0 <= key < 10**18:
            raise DataError(f"key {key}: expected a whole number from 0 to 10**18 - 1")
        framed = framing.frame(record)
        self._records.write(framed)
        self._index.write(indices.lines([(key, self._offset)]))
        self._keys.append(key)
        self._offset += len(framed)

    def add_image(
        self, key: int, label: float | tuple[float, ...], image: bytes, id2: int = 0
    ) -> None:
        """One image (or none: empty bytes) with its header, whose id is the key."""
        self.add(key, header.pack(Header(label, key, id2), image))

    def close(self) -> None:
        """`DataError` for a file without records or with a key used twice."""
        if not self._keys:
            raise DataError("no records were written; expected at least one")
        keys, counts = np.unique(np.frombuffer(self._keys, dtype=np.int64), return_counts=True)
        if len(keys) < len(self._keys):
            first = keys[counts > 1][0]
            raise DataError(f"key {first} was used more than once; every record needs its own key")


@contextmanager
def create(path: Path) -> Iterator[Writer]:
    """A writer of `path` (`.rec`) and of the index beside it; an error leaves neither."""
    with (
        safeio.atomic(path.with_suffix(".idx")) as index,
        safeio.atomic(path) as records,
        records.open("wb") as records_file,
        index.open("wb") as index_file,
    ):
        writer = Writer(records_file, index_file)
        try:
            yield writer
            writer.close()
        except DataError as error:
            raise DataError(f"writing {path}: {error}") from error


def write_plain(path: Path, images: Iterable[tuple[int, int, bytes]]) -> None:
    """(key, class, encoded image) in order, as im2rec does: scalar labels, nothing but images."""
    with create(path) as writer:
        for key, label, image in images:
            writer.add_image(key, label, image)


def write_identities(
    folder: Path,
    people: Iterable[Sequence[bytes]],
    height: int,
    width: int,
    style: Style = "list",
) -> None:
    """`train.rec`, `train.idx` and `property` of InsightFace; identity i is the i-th of `people`.

    `list`: images with labels `[class, 1]`, then record 0, then identity records. `builder`: images
    with a scalar class, then identity records, then record 0 with id2 = 1.
    """
    ranges: list[tuple[float, float]] = []
    key = 1
    with create(folder / "train.rec") as writer:
        for number, images in enumerate(people):
            ranges.append((key, key + len(images)))
            for image in images:
                writer.add_image(key, label(number, style), image)
                key += 1
        add_identities(writer, ranges, key, style)
    safeio.write_text(folder / "property", Property(len(ranges), height, width).text())


def label(number: int, style: Style) -> float | tuple[float, ...]:
    """What an image of class `number` is labelled with."""
    return (number, 1) if style == "list" else number


def add_identities(
    writer: Writer, ranges: Sequence[tuple[float, float]], key: int, style: Style
) -> None:
    """Record 0 and the identity records, after images with the keys 1 to `key` - 1.

    `ranges`: first key and last key + 1 of every identity.
    """
    numbers = (key, key + len(ranges))
    if style == "list":
        writer.add_image(0, numbers, b"")
    for place, pair in enumerate(ranges):
        writer.add_image(key + place, pair, b"")
    if style == "builder":
        writer.add_image(0, numbers, b"", id2=1)
