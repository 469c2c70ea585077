"""Formats of verification sets, as configs: what is read, what is written.

`bin` and `pair_folder` bring their images and are written too; `pair_list` is a list beside a set
of images. None keeps folds: pairs are in their order.
"""

import os
from pathlib import Path
from typing import Literal

from frlib.core.config import Config, place, setting
from frlib.core.errors import ConfigError, DataError
from frlib.data.pairsets import bin as bin_file
from frlib.data.pairsets import folder, joined, lists
from frlib.data.pairsets.images import ImagePairs
from frlib.data.recognise import recognise

CSV = "csv"


class Bin(Config):
    """InsightFace's pair set in one file."""

    name: Literal["bin"] = "bin"
    path: str = place(..., doc=".bin file")


class PairFolder(Config):
    """ExpFace's pair set: imgs/<k>.jpg and pair_label.npy."""

    name: Literal["pair_folder"] = "pair_folder"
    path: str = place(..., doc="folder with imgs and pair_label.npy")


class PairList(Config):
    """A list of pairs and the images it names."""

    name: Literal["pair_list"] = "pair_list"
    path: str = place(..., doc="list of pairs, or CSV")
    form: str = setting("", doc="set whose list this is (lfw, rfw, ...), or csv")
    images: str = place("", doc="folder that the names are relative to, or a set with them as ids")
    protocol: str = setting("", doc="value of a CSV's protocol column to read; empty: all rows")


READ = {"bin": Bin, "pair_folder": PairFolder, "pair_list": PairList}
WRITTEN = {"bin": Bin, "pair_folder": PairFolder}


def look(path: str) -> str:
    """`bin` or `pair_folder` if the path looks like it, else an empty text."""
    where = Path(path).expanduser()
    if where.suffix.lower() == ".bin":
        return "bin"
    return "pair_folder" if (where / "pair_label.npy").is_file() else ""


def read(config: Config, store: Path) -> ImagePairs:
    """The pairs and their images; `store` keeps the manifest of a source of images."""
    if isinstance(config, Bin):
        return bin_file.read(Path(config.path).expanduser())
    if isinstance(config, PairFolder):
        return folder.read(Path(config.path).expanduser())
    assert isinstance(config, PairList)
    return _read_list(config, store)


def write(config: Config, pairs: ImagePairs) -> Path:
    """Where the pairs were written, whole; `DataError` if something is there already."""
    assert isinstance(config, (Bin, PairFolder))
    path = Path(config.path).expanduser()
    if os.path.lexists(path):
        raise DataError(f"{path} exists; expected a path where nothing is. Name another.")
    (bin_file.write if isinstance(config, Bin) else folder.write)(path, pairs)
    return path


def _read_list(config: PairList, store: Path) -> ImagePairs:
    path = Path(config.path).expanduser()
    form = config.form or (CSV if path.suffix.lower() == ".csv" else "")
    if not form:
        raise ConfigError(
            f"pair_list: {path}: no form is given; say whose list it is with --set from.form=NAME. "
            f"Forms: {CSV}, {', '.join(lists.READERS)}"
        )
    if not config.images:
        raise ConfigError(
            "pair_list: no images are given; name the folder or set with --set from.images=PATH"
        )
    if form == CSV:
        images = recognise(config.images)
        return joined.from_csv(path, config.protocol, images, store)
    listed = lists.read(form, path)
    root = Path(config.images).expanduser()
    if root.is_dir() and (root / listed.left[0]).is_file():
        return joined.with_files(listed, root)
    return joined.with_source(listed, recognise(config.images), store)
