"""InsightFace's `.bin` pair sets (`frlib.data.pairsets.bin`), read without running their pickle."""

from pathlib import Path
from typing import ClassVar, Literal

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.data.manifest import Manifest
from frlib.data.pairsets import bin as bins
from frlib.data.pairsets.listed import ListedPairs
from frlib.data.sources import _files, _pair_images
from frlib.data.storage.blobs import first_bytes
from frlib.data.storage.places import Place

_PICKLES = (b"\x80", b"(")


class Config(Base):
    """A verification set in one file."""

    names_people: ClassVar[bool] = False
    name: Literal["pair_bin"] = "pair_bin"
    path: str = place(..., doc=".bin file of pairs of encoded images, on this machine")
    folds: int = setting(10, ge=1, doc="contiguous folds of its pairs")
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored pixels")


def scan(config: Config) -> Manifest:
    """Every image; a ref is its number."""
    return _pair_images.manifest(bins.read(_path(config)), config)


def open_reader(config: Config) -> _pair_images.ImageReader:
    """A reader that holds the encoded images."""
    return _pair_images.ImageReader(bins.read(_path(config)), config.colour, config.path)


def pairs(config: Config) -> ListedPairs:
    """The pairs that the set asks about, by the ids of its images."""
    return _pair_images.listed(bins.read(_path(config)), config.folds, config.path)


def fingerprint(config: Config) -> str:
    """Over path, size and time of change of the file."""
    return _files.fingerprint([_path(config)])


def recognise(path: Place) -> Config | None:
    """A `.bin` that starts as a pickle does."""
    if path.suffix != ".bin" or not path.is_file():
        return None
    return Config(path=str(path)) if first_bytes(path, 1) in _PICKLES else None


def _path(config: Config) -> Path:
    return Path(config.path).expanduser()
