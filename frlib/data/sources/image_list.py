"""A text file of lines `path label`, split at the last run of blanks, so a path may hold blanks.

Blank lines are left out. The label is a name: `10` and `2` sort as texts, and labels are numbered
anew.
"""

import re
from dataclasses import dataclass
from typing import Literal

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.data import text_lists
from frlib.data.manifest import Manifest, from_table
from frlib.data.sources import _files
from frlib.data.storage.blobs import first_bytes
from frlib.data.storage.places import Place, absolute, at, stamp

_LONGEST_PATH = 4096
_WITH_TRUTH = re.compile(r"(data_file|noise)_(flip|outlier)_\d+\.txt$")


class Config(Base):
    """Images named in a list."""

    name: Literal["image_list"] = "image_list"
    path: str = place(..., doc="text file of lines: path label")
    root: str = place("", doc="folder the paths are relative to; empty: the folder of the list")
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored pixels")
    trusted: bool = setting(True, doc="the given label is the truth; else truth is unknown")


@dataclass(frozen=True)
class _Listing:
    file: Place
    root: Place
    ids: list[str]
    names: list[str]


def scan(config: Config) -> Manifest:
    """Every listed image with identity and checksum; a ref is the position among the entries."""
    listing = _list(config)
    _require_files(listing)
    return from_table(
        ids=listing.ids,
        names=listing.names,
        checksums=_files.checksums(listing.root, listing.ids),
        refs=range(len(listing.ids)),
        reader=config,
        colour=config.colour,
        trusted=config.trusted,
    )


def open_reader(config: Config) -> _files.FileReader:
    """A reader over the entries in the order of the file."""
    listing = _list(config)
    return _files.FileReader(listing.root, listing.ids, config.colour)


def fingerprint(config: Config) -> str:
    """Over the list and every image it names."""
    listing = _list(config)
    _require_files(listing)
    stamps = _files.of_each(listing.root, listing.ids, stamp)
    images = (listing.root / name for name in listing.ids)
    return _files.fingerprint([listing.file, *images], [stamp(listing.file), *stamps])


def recognise(path: Place) -> Config | None:
    """A text file (`.txt`, `.list`) whose first line names an image beside or below it.

    Not one that is named as lists with noise and its truth are: see `boundary_lists`.
    """
    named = path.suffix in (".txt", ".list") and not text_lists.NAME.fullmatch(path.name)
    if not named or not path.is_file():
        return None
    first = first_bytes(path, _LONGEST_PATH).decode("utf-8", "replace").strip().splitlines()
    parts = first[0].strip().rsplit(maxsplit=1) if first else []
    listed = len(parts) == 2 and (path.parent / parts[0]).is_file()
    return Config(path=str(path)) if listed else None


def _list(config: Config) -> _Listing:
    file = at(config.path)
    root = at(config.root) if config.root else file.parent
    inside = f"{absolute(root).rstrip('/')}/"
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"image_list: {file} cannot be read ({error}); expected UTF-8 text, lines: path label"
        ) from error
    ids, names = [], []
    for number, line in enumerate(lines, start=1):
        parts = line.strip().rsplit(maxsplit=1)
        if len(parts) == 1:
            raise DataError(f"image_list: {file} line {number}: {line!r}; expected: path label")
        if parts:
            ids.append(parts[0].removeprefix(inside))
            names.append(parts[1])
    if not ids:
        raise DataError(f"image_list: {file} names no image; expected lines: path label")
    return _Listing(file, root, ids, names)


def _require_files(listing: _Listing) -> None:
    found = _files.of_each(listing.root, listing.ids, lambda place: place.is_file())
    missing = [name for name, there in zip(listing.ids, found, strict=True) if not there]
    if missing:
        raise DataError(
            f"image_list: {listing.file}: {len(missing):,} of {len(listing.ids):,} listed images "
            f"are not under {listing.root}: {_files.first_five(missing)}. Set root to the folder "
            "that the paths are relative to, or restore the files."
        )
