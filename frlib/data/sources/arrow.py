"""Arrow: columns `image` (encoded bytes), `identity`, `path` (the sample's key).

A file, or a folder of `*.arrow` and `*.feather` files read in order of name; the file format or the
stream format (which HuggingFace `datasets` writes). `image` may be a struct with a field `bytes`,
as `datasets` and CVLface have it. Without `identity` the whole numbers in `label` name the people,
with eight digits so that they keep their order; without `path` the id is the running number.

A ref is the row over all files. Rows are found by position in a memory map, without reading a
batch, as long as the file is not compressed; of compressed or remote files the last few batches are
kept, so write batches of a few hundred images there.
"""

import logging
import threading
from bisect import bisect_right
from collections import OrderedDict
from itertools import accumulate
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.data import decode, threads
from frlib.data.manifest import Manifest, checksum, from_table
from frlib.data.progress import Progress
from frlib.data.sources import _files
from frlib.data.sources._arrow_file import ArrowFile, Images, is_arrow
from frlib.data.storage.listing import files
from frlib.data.storage.places import Place, at
from frlib.data.texts import Texts, joined, texts

_KEPT_BATCHES = 4
_SUFFIXES = (".arrow", ".feather")
_log = logging.getLogger(__name__)


class Config(Base):
    """Rows of Arrow files."""

    name: Literal["arrow"] = "arrow"
    path: str = place(..., doc="Arrow file or stream, or folder of *.arrow and *.feather files")
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored pixels")
    trusted: bool = setting(True, doc="the given identity is the truth; else truth is unknown")

    @property
    def names_people(self) -> bool:
        """Names in `identity` do; the numbers of a column `label` mean others in another file."""
        try:
            return all("identity" in file.schema.names for file in _open(self))
        except DataError:
            return False


def scan(config: Config) -> Manifest:
    """Every row with identity and checksum, a batch at a time."""
    opened = _open(config)
    total = sum(sum(file.rows) for file in opened)
    sums = np.empty(total, dtype="S32")
    ids, names = list[Texts](), list[Texts]()
    progress = Progress(_log, f"scanning {config.path}", total)
    start = 0
    for file in opened:
        starts = [start, *accumulate(file.rows, initial=start)][1:]

        def one(batch: int, file: ArrowFile = file, starts: list[int] = starts) -> None:
            images = file.images(batch, with_paths=False)
            for row in range(file.rows[batch]):
                sums[starts[batch] + row] = checksum(images.image(row))
            progress.advance(file.rows[batch])

        threads.over(range(len(file.rows)), one)
        for batch, rows in enumerate(file.rows):
            ids.append(_ids(file, batch, starts[batch], rows))
            names.append(_names(file, batch))
        start = starts[-1]
    progress.finish()
    return from_table(
        ids=joined(ids),
        names=joined(names),
        checksums=sums,
        refs=np.arange(total),
        reader=config,
        colour=config.colour,
        trusted=config.trusted,
    )


def open_reader(config: Config) -> "ArrowReader":
    """A reader by row number."""
    return ArrowReader(config)


def fingerprint(config: Config) -> str:
    """Over the path, size and time of change of every file."""
    return _files.fingerprint(_paths(config))


def recognise(path: Place) -> Config | None:
    """An Arrow file or stream of one of the suffixes, or a folder of such files."""
    if path.is_dir():
        return Config(path=str(path)) if files(path, *_SUFFIXES) else None
    return Config(path=str(path)) if path.suffix in _SUFFIXES and is_arrow(path) else None


class ArrowReader:
    """Encoded images by row. Batches of a memory map are all kept, being only positions in it."""

    def __init__(self, config: Config) -> None:
        self.colour: str = config.colour
        self._path = config.path
        self._files = _open(config)
        self._batches = [(file, i) for file in self._files for i in range(len(file.rows))]
        rows = [count for file in self._files for count in file.rows]
        self._starts = list(accumulate(rows, initial=0))
        self._mapped: list[Images | None] = [None] * len(rows)
        self._kept: OrderedDict[int, Images] = OrderedDict()
        self._lock = threading.Lock()

    def images(self, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """`[n]` refs -> `[n, size, size, 3]` RGB."""
        return decode.images(self, refs, size)

    def read(self, ref: int) -> bytes:
        """The encoded image in this row."""
        batch = self._batch_of(ref)
        found = self._mapped[batch] or self._images(batch)
        return found.image(ref - self._starts[batch])

    def where(self, ref: int) -> str:
        """The file and the sample id."""
        batch = self._batch_of(ref)
        found = self._mapped[batch] or self._images(batch)
        path = found.path(ref - self._starts[batch])
        return f"{self._path}: {f'{ref:08d}' if path is None else path}"

    def _batch_of(self, ref: int) -> int:
        batch = bisect_right(self._starts, ref) - 1
        if not 0 <= batch < len(self._batches):
            raise DataError(f"{self._path}: no row {ref}; the file changed since it was scanned")
        return batch

    def _images(self, batch: int) -> Images:
        with self._lock:
            found = self._kept.get(batch)
            if found is None:
                file, number = self._batches[batch]
                found = file.images(number, with_paths="path" in file.schema.names)
                if found.mapped:
                    self._mapped[batch] = found
                    return found
                self._kept[batch] = found
                if len(self._kept) > _KEPT_BATCHES:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(batch)
            return found


def _paths(config: Config) -> list[Place]:
    path = at(config.path)
    if path.is_dir():
        found = files(path, *_SUFFIXES)
        if not found:
            raise DataError(f"arrow: {path} holds no *.arrow or *.feather file")
        return found
    if not path.is_file():
        raise DataError(f"arrow: {path} does not exist; expected an Arrow file or a folder")
    return [path]


def _open(config: Config) -> list[ArrowFile]:
    opened = [ArrowFile(path) for path in _paths(config)]
    for file in opened:
        _require_columns(file)
    if not sum(sum(file.rows) for file in opened):
        raise DataError(f"arrow: {config.path} has no rows; expected at least one image")
    return opened


def _require_columns(file: ArrowFile) -> None:
    names = file.schema.names
    missing = [] if "image" in names else ["image"]
    missing += [] if {"identity", "label"} & set(names) else ["identity (or label)"]
    if missing:
        raise DataError(
            f"arrow: {file.place}: no column {', '.join(missing)}; it has {', '.join(names)}"
        )
    kind = file.schema.field("image").type
    if pa.types.is_struct(kind):
        place_of_bytes = kind.get_field_index("bytes")
        kind = kind.field(place_of_bytes).type if place_of_bytes >= 0 else kind
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise DataError(
            f"arrow: {file.place}: column image is {kind}, expected binary (encoded bytes), or a "
            "struct with binary field bytes"
        )


def _ids(file: ArrowFile, batch: int, start: int, rows: int) -> Texts:
    if "path" in file.schema.names:
        return _column(file, batch, "path")
    numbers: Texts = np.arange(start, start + rows).astype(np.dtypes.StringDType())
    return np.strings.zfill(numbers, 8)


def _names(file: ArrowFile, batch: int) -> Texts:
    if "identity" in file.schema.names:
        return _column(file, batch, "identity")
    labels = file.column(batch, "label")
    _require_filled(file, batch, "label", labels)
    if not pa.types.is_integer(labels.type):
        raise DataError(
            f"arrow: {file.place}: column label is {labels.type}, expected whole numbers (or names "
            "in a column identity)"
        )
    numbers = labels.to_numpy(zero_copy_only=False)
    if (numbers < 0).any():
        raise DataError(
            f"arrow: {file.place}, batch {batch}: {(numbers < 0).sum():,} labels are negative; "
            "expected class numbers from 0. Remove rows without a class, or name their people in "
            "a column identity."
        )
    return np.strings.zfill(numbers.astype(np.dtypes.StringDType()), 8)


def _column(file: ArrowFile, batch: int, name: str) -> Texts:
    column = file.column(batch, name)
    _require_filled(file, batch, name, column)
    try:
        return texts(column.cast(pa.string()))
    except pa.ArrowException as error:
        raise DataError(
            f"arrow: {file.place}: column {name} is {column.type}, expected text"
        ) from error


def _require_filled(file: ArrowFile, batch: int, name: str, column: pa.Array) -> None:
    if column.null_count:
        raise DataError(
            f"arrow: {file.place}, batch {batch}: {column.null_count:,} empty cells in {name}; "
            "expected none. Fill or remove these rows."
        )
