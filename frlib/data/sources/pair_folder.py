"""ExpFace's folder form of a pair set (`frlib.data.pairsets.folder`): imgs/ and pair_label.npy."""

from pathlib import Path
from typing import ClassVar, Literal

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.data.manifest import Manifest
from frlib.data.pairsets import folder
from frlib.data.pairsets.listed import ListedPairs
from frlib.data.sources import _files, _pair_images
from frlib.data.storage.places import Place


class Config(Base):
    """A verification set as loose images and an array of flags."""

    names_people: ClassVar[bool] = False
    name: Literal["pair_folder"] = "pair_folder"
    path: str = place(..., doc="folder with imgs/<number>.jpg and pair_label.npy, on this machine")
    folds: int = setting(10, ge=1, doc="contiguous folds of its pairs")
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored pixels")


def scan(config: Config) -> Manifest:
    """Every image; a ref is its number."""
    return _pair_images.manifest(folder.read(_path(config)), config)


def open_reader(config: Config) -> _pair_images.ImageReader:
    """A reader that holds the encoded images."""
    return _pair_images.ImageReader(folder.read(_path(config)), config.colour, config.path)


def pairs(config: Config) -> ListedPairs:
    """The pairs that the set asks about, by the ids of its images."""
    return _pair_images.listed(folder.read(_path(config)), config.folds, config.path)


def fingerprint(config: Config) -> str:
    """Over path, size and time of change of the flags and of every image."""
    root = _path(config)
    images = sorted((root / "imgs").iterdir()) if (root / "imgs").is_dir() else []
    return _files.fingerprint([root / "pair_label.npy", *images])


def recognise(path: Place) -> Config | None:
    """A folder with flags and a folder of images."""
    both = (path / "pair_label.npy").is_file() and (path / "imgs").is_dir()
    return Config(path=str(path)) if both else None


def _path(config: Config) -> Path:
    return Path(config.path).expanduser()
