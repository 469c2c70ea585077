"""RecordIO: `train.rec` and `train.idx` of InsightFace or im2rec, read without MXNet.

A sample id is the record's key, an identity the class number in its label, both with eight digits
or more, so that labels keep the order of the file's classes. Records without an image (record 0 and
one per identity in InsightFace's files) are left out and counted in the manifest's facts. Classes
and images are counted from the records; a `property` file that says otherwise is reported.
A ref is the key. Without an index beside the records one is made in memory at every start.
"""

import logging
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.data import decode, threads
from frlib.data.manifest import Manifest, checksum, from_table
from frlib.data.progress import Progress
from frlib.data.recordio import header
from frlib.data.recordio.companions import read_property
from frlib.data.recordio.identities import layout
from frlib.data.recordio.reader import RecordFile
from frlib.data.sources import _files

_log = logging.getLogger(__name__)
_CHUNK = 512


class Config(Base):
    """Images in a RecordIO file."""

    names_people: ClassVar[bool] = False
    name: Literal["recordio"] = "recordio"
    path: str = place(..., doc=".rec file, or folder that holds train.rec")
    index: str = place("", doc="index of the records; empty: the .idx beside them")
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored pixels")
    trusted: bool = setting(True, doc="the label is the truth; else truth is unknown")


def scan(config: Config) -> Manifest:
    """Every image with class and checksum, read once in order of the file."""
    records = _open(config)
    found = layout(records)
    if not found.exact:
        _log.warning(
            "%s: record 0 or an identity record holds numbers from 2**24 on, which float32 rounds; "
            "images are taken from the index and classes from the images",
            records.path,
        )
    keys = found.images[np.argsort(records.index.offsets_of(found.images))]
    progress = Progress(_log, f"scanning {records.path}", len(keys))

    def one(start: int) -> tuple[list[int], list[bytes]]:
        chunk = keys[start : start + _CHUNK]
        classes, sums = [], []
        for key in chunk:
            head, image = _image(records, int(key))
            classes.append(header.class_of(head, records.path, records.index.offset(int(key))))
            sums.append(checksum(image))
        progress.advance(len(chunk))
        return classes, sums

    chunks = threads.over(range(0, len(keys), _CHUNK), one)
    progress.finish()
    classes = [number for numbers, _ in chunks for number in numbers]
    facts = {"records_without_image": len(records.index) - len(keys)}
    return from_table(
        ids=[_id(int(key)) for key in keys],
        names=[f"{number:08d}" for number in classes],
        checksums=[one_sum for _, sums in chunks for one_sum in sums],
        refs=keys,
        reader=config,
        colour=config.colour,
        trusted=config.trusted,
        facts=facts | _stated_classes(records.path, len(set(classes))),
    )


def open_reader(config: Config) -> "RecordReader":
    """A reader by key."""
    return RecordReader(config)


def fingerprint(config: Config) -> str:
    """Over the path, size and time of change of the records and of their index."""
    path, index = _paths(config)
    return _files.fingerprint([path, index] if index.exists() else [path])


class RecordReader:
    """Encoded images by key, over a memory map."""

    def __init__(self, config: Config) -> None:
        self.colour: str = config.colour
        self._records = _open(config)

    def images(self, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """`[n]` refs -> `[n, size, size, 3]` RGB."""
        return decode.images(self, refs, size)

    def read(self, ref: int) -> bytes:
        """The encoded image of this key."""
        return _image(self._records, ref)[1]

    def where(self, ref: int) -> str:
        """The file and the sample id."""
        return f"{self._records.path}: {_id(ref)}"


def _id(key: int) -> str:
    return f"{key:08d}"


def _image(records: RecordFile, key: int) -> tuple[header.Header, bytes]:
    head, image = records.image(key)
    if not image:
        raise DataError(
            f"{records.path}, offset {records.index.offset(key)}: key {key} has no image after its "
            "header; expected an encoded image. Make the file again without this record."
        )
    return head, image


def _paths(config: Config) -> tuple[Path, Path]:
    path = Path(config.path).expanduser()
    if path.is_dir():
        path = path / "train.rec"
    if not path.is_file():
        raise DataError(f"recordio: {path} does not exist; expected a .rec file")
    index = Path(config.index).expanduser() if config.index else path.with_suffix(".idx")
    if config.index and not index.is_file():
        raise DataError(f"recordio: index {index} does not exist; leave it out to have it made")
    return path, index


def _open(config: Config) -> RecordFile:
    return RecordFile(*_paths(config))


def _stated_classes(path: Path, counted: int) -> dict[str, int]:
    file = path.with_name("property")
    if not file.is_file():
        return {}
    stated = read_property(file).num_classes
    if stated != counted:
        _log.warning(
            "%s says %s classes, the images have %s; the images count",
            file,
            f"{stated:,}",
            f"{counted:,}",
        )
    return {"classes_in_property": stated}
