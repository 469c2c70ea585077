"""RecordIO: `train.rec`, `train.idx`, `property` and `train.lst`, as InsightFace or im2rec write.

`list` and `builder` are InsightFace's, with keys from 1, record 0 and a record per identity;
`plain` is im2rec's, with keys from 0 and nothing but images. A record holds a class number only:
the names of the identities and files are in `train.lst`, lines `key TAB class TAB identity/file`.
`property` has the height and width of the first image.
"""

import io
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.data.recordio import index, writer
from frlib.data.recordio.companions import Listed, Property
from frlib.data.recordio.header import EXACT
from frlib.data.sink import Item, Mark, Outline, Sink
from frlib.data.sinks import _names
from frlib.data.sinks._appended import Appended
from frlib.data.sinks._names import Names
from frlib.data.sources import recordio as source_module

SUFFIXES = (".rec", ".recordio")


class Config(Base):
    """A folder of records and their companions."""

    name: Literal["recordio"] = "recordio"
    path: str = place(..., doc="folder to make, for train.rec and its companions")
    style: Literal["list", "builder", "plain"] = setting(
        "list", doc="list, builder: with records of identities, as InsightFace; plain: as im2rec"
    )
    files: Literal["last", "id"] = setting(
        "last", doc="files are named by the last component of the id, or by the whole id"
    )


def open_sink(config: Config, folder: Path, outline: Outline, mark: Mark | None) -> Sink:
    """A writer of the records; `DataError` if their numbers would not be exact."""
    most = outline.num_images + len(outline.identities) + 1
    if config.style != "plain" and most > EXACT:
        raise DataError(
            f"recordio: {outline.num_images:,} images and {len(outline.identities):,} identities "
            f"need keys up to {most:,}; style={config.style} keeps keys as float32, exact up to "
            f"{EXACT:,}. Write without them: --set to.style=plain"
        )
    return _RecordSink(config, folder, outline, mark)


def stored_names(config: Config, identities: tuple[str, ...]) -> tuple[str, ...]:
    """Names of folders in the list."""
    return _names.stored_names(identities)


def source(config: Config, colour: Literal["RGB", "BGR"]) -> source_module.Config:
    """Reads the records, and names from the list."""
    return source_module.Config(path=config.path, colour=colour, ids="list")


class _RecordSink:
    def __init__(self, config: Config, folder: Path, outline: Outline, mark: Mark | None) -> None:
        self._style, self._folder, self._outline = config.style, folder, outline
        self._first_key = 0 if config.style == "plain" else 1
        self._names = Names(outline, mark, whole=config.files == "id", suffixes=False)
        found = mark or {"rows": 0, "records": 0, "index": 0, "list": 0, "size": None}
        self._rows: int = found["rows"]
        self._size: list[int] | None = found["size"]
        self._records = Appended(folder / "train.rec", found["records"])
        self._index = Appended(folder / "train.idx", found["index"])
        self._list = Appended(folder / "train.lst", found["list"])
        self._files = [self._records, self._index, self._list]
        keys = index.load(folder / "train.idx").keys.tolist() if found["index"] else []
        self._writer = writer.Writer(self._records, self._index, found["records"], keys)

    def add(self, item: Item) -> None:
        key = self._first_key + self._rows
        if self._size is None:
            self._size = _size(item)
        label: float | tuple[float, ...] = item.label
        if self._style != "plain":
            label = writer.label(item.label, self._style)
        name = "/".join(self._names.of(item))
        self._writer.add_image(key, label, item.data)
        self._list.write(Listed(name, (item.label,), key=key).text().encode())
        self._rows += 1

    def commit(self) -> Mark:
        return {
            "rows": self._rows,
            "records": self._records.to_disk(),
            "index": self._index.to_disk(),
            "list": self._list.to_disk(),
            "size": self._size,
            **self._names.mark(),
        }

    def finish(self) -> None:
        height, width = self._size or (0, 0)
        if self._style != "plain":
            ends = np.cumsum(self._outline.class_sizes) + 1
            starts = ends - self._outline.class_sizes
            ranges = list(zip(starts.tolist(), ends.tolist(), strict=True))
            writer.add_identities(self._writer, ranges, self._rows + 1, self._style)
        self._writer.close()
        about = Appended(self._folder / "property", 0)
        self._files.append(about)
        about.write(Property(len(self._outline.identities), height, width).text().encode())
        for file in self._files:
            file.to_disk()

    def close(self) -> None:
        for file in self._files:
            file.close()


def _size(item: Item) -> list[int]:
    """Height and width, from the image's header."""
    try:
        with Image.open(io.BytesIO(item.data)) as image:
            return [image.height, image.width]
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(
            f"image {item.id!r}: {len(item.data):,} bytes that are no image ({error}); `property` "
            "needs its height and width. Repair or remove it in the source."
        ) from error
