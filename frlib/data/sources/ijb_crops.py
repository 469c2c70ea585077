"""The loose crops of IJB-B and IJB-C, aligned by the five points of their list when they are read.

Ids are the names in the lists, a class is a template (it says which images are compared together;
who is shown is known to the lists of pairs alone). Only pixels are given, never stored bytes: they
show the face before it is aligned. A checksum is over the stored bytes and the points.
"""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.data import align, decode, threads
from frlib.data.benchmarks import ijb
from frlib.data.manifest import Manifest, checksum, from_table
from frlib.data.sources import _files
from frlib.data.storage.places import Place, Remote, at


class Config(Base):
    """One set of IJB."""

    names_people: ClassVar[bool] = False
    checksums_files: ClassVar[bool] = False
    name: Literal["ijb_crops"] = "ijb_crops"
    path: str = place(..., doc="folder with meta (the lists) and loose_crop (the images)")
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored pixels")


def scan(config: Config) -> Manifest:
    """Every listed crop; a ref is its line."""
    reader = open_reader(config)
    listed = reader.listed

    def one(ref: int) -> bytes:
        return checksum(reader.stored(ref) + listed.points[ref].tobytes())

    return from_table(
        ids=listed.images,
        names=listed.templates.astype(str),
        checksums=threads.over(range(len(listed.images)), one),
        refs=range(len(listed.images)),
        reader=config,
        colour=config.colour,
        trusted=False,
    )


def open_reader(config: Config) -> "Aligner":
    """A reader of aligned crops."""
    path = at(config.path)
    if isinstance(path, Remote):
        raise DataError(f"ijb_crops: {path} is far away; expected a folder of this machine")
    return Aligner(path, ijb.images(path, ijb.which(path)), config.colour)


def fingerprint(config: Config) -> str:
    """Over the list of points and every crop."""
    reader = open_reader(config)
    files = [reader.crops / name for name in reader.listed.images.tolist()]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise DataError(
            f"ijb_crops: {len(missing):,} of {len(files):,} listed crops are not in "
            f"{reader.crops}: {_files.first_five(missing)}. Restore the files."
        )
    root = reader.crops.parent
    points = root / "meta" / f"{ijb.which(root)}_name_5pts_score.txt"
    return _files.fingerprint([points, *files])


def recognise(path: Place) -> Config | None:
    """A folder with `loose_crop` and the lists of one set."""
    if isinstance(path, Remote) or not (path / "loose_crop").is_dir():
        return None
    try:
        ijb.which(path)
    except DataError:
        return None
    return Config(path=str(path))


class Aligner:
    """Aligned crops by line. Holds no state: any thread may ask."""

    def __init__(self, path: Path, listed: ijb.Images, colour: str) -> None:
        self.crops, self.listed, self._colour = path / "loose_crop", listed, colour

    def images(self, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """`[n]` refs -> `[n, size, size, 3]` RGB; `DataError` names a crop that is no image."""
        out = np.empty((len(refs), size, size, 3), dtype=np.uint8)
        for row, ref in enumerate(refs.tolist()):
            where = self.where(ref)
            picture = decode.whole(self.stored(ref), self._colour, where)
            out[row] = align.crop(picture, self.listed.points[ref], size, where)
        return out

    def stored(self, ref: int) -> bytes:
        """The bytes of the loose crop."""
        return _files.read(self.crops / str(self.listed.images[ref]))

    def where(self, ref: int) -> str:
        """The folder and the name, for messages."""
        return f"{self.crops}: {self.listed.images[ref]}"
