"""A text file of lines `path label`, split at the last run of blanks, so a path may hold blanks.

Blank lines are left out. The label is a name: `10` and `2` sort as texts, and labels are numbered
anew.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.data.manifest import Manifest, from_table
from frlib.data.sources import _files


class Config(Base):
    """Images named in a list."""

    name: Literal["image_list"] = "image_list"
    path: str = place(..., doc="text file of lines: path label")
    root: str = place("", doc="folder the paths are relative to; empty: the folder of the list")
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored pixels")
    trusted: bool = setting(True, doc="the given label is the truth; else truth is unknown")


@dataclass(frozen=True)
class _Listing:
    file: Path
    root: Path
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
    return _files.fingerprint([listing.file, *(listing.root / name for name in listing.ids)])


def _list(config: Config) -> _Listing:
    file = Path(config.path).expanduser()
    root = Path(config.root).expanduser() if config.root else file.parent
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
            ids.append(_key(parts[0], root))
            names.append(parts[1])
    if not ids:
        raise DataError(f"image_list: {file} names no image; expected lines: path label")
    return _Listing(file, root, ids, names)


def _key(path: str, root: Path) -> str:
    inside = Path(path).is_absolute() and Path(path).is_relative_to(root.absolute())
    return Path(path).relative_to(root.absolute()).as_posix() if inside else path


def _require_files(listing: _Listing) -> None:
    missing = [name for name in listing.ids if not (listing.root / name).is_file()]
    if missing:
        raise DataError(
            f"image_list: {listing.file}: {len(missing):,} of {len(listing.ids):,} listed images "
            f"are not under {listing.root}: {_files.first_five(missing)}. Set root to the folder "
            "that the paths are relative to, or restore the files."
        )
