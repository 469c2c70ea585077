"""A folder of identities: `identity/image.jpg`. The folder's name is the identity's name.

With `grouped` there are folders of groups around them, `group/identity/image.jpg`, as BUPT's sets
have it, and the identity's name is `group/identity` (see `data.holdout.groups`).

Files of other kinds, hidden entries, files beside the identity folders and folders inside them are
left out and counted in the manifest's facts.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.data.manifest import Manifest, from_table
from frlib.data.sources import _files
from frlib.data.storage.listing import walk
from frlib.data.storage.places import Place, Stamp, at

_OR_GROUPED = ", or set grouped if identities are in folders of groups"
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})


class Config(Base):
    """Images in a folder per identity."""

    name: Literal["image_folder"] = "image_folder"
    path: str = place(..., doc="folder that holds one folder per identity")
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored pixels")
    trusted: bool = setting(True, doc="the folder's name is the truth; else truth is unknown")
    grouped: bool = setting(False, doc="identities are in folders of groups: group/identity/image")

    def counted(self) -> dict[str, Any]:
        """Everything; whether there are groups only where there are."""
        fields = super().counted()
        if not self.grouped:
            del fields["grouped"]
        return fields


@dataclass
class _Listing:
    root: Place
    ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    stamps: list[Stamp | None] = field(default_factory=list)
    ignored: int = 0


def scan(config: Config) -> Manifest:
    """Every image with identity and checksum; a ref is the position in the sorted listing."""
    listing = _list(config)
    return from_table(
        ids=listing.ids,
        names=listing.names,
        checksums=_files.checksums(listing.root, listing.ids),
        refs=range(len(listing.ids)),
        reader=config,
        colour=config.colour,
        trusted=config.trusted,
        facts={"ignored_files": listing.ignored},
    )


def open_reader(config: Config) -> _files.FileReader:
    """A reader over the same sorted listing."""
    listing = _list(config)
    return _files.FileReader(listing.root, listing.ids, config.colour)


def fingerprint(config: Config) -> str:
    """Over the path, size and time of change of every image."""
    listing = _list(config)
    return _files.fingerprint((listing.root / name for name in listing.ids), listing.stamps)


def recognise(path: Place) -> Config | None:
    """A folder whose first folders hold an image; not one of pairs (see `pair_folder`)."""
    if not path.is_dir() or not _files.first_image(path, SUFFIXES):
        return None
    if (path / "pair_label.npy").is_file():
        return None
    return Config(path=str(path))


def _list(config: Config) -> _Listing:
    root = at(config.path)
    if not root.is_dir():
        found = "is a file" if root.exists() else "does not exist"
        raise DataError(
            f"image_folder: {root} {found}; expected a folder with a folder of images per identity"
        )
    listing = _Listing(root)
    filled: dict[str, bool] = {}
    levels = 2 if config.grouped else 1
    for entry in walk(root, depth=levels + 1):
        parts = entry.name.split("/")
        folder = "/".join(parts[:levels])
        if any(part.startswith(".") for part in parts[: min(levels, len(parts) - 1)]):
            continue
        if len(parts) <= levels and (parts[-1].startswith(".") or not entry.is_dir):
            listing.ignored += 1
        elif len(parts) <= levels:
            filled.setdefault(folder, False)
            filled[_above(folder)] = True
        elif _is_image(parts[-1], entry.is_dir):
            filled[folder] = filled[_above(folder)] = True
            listing.ids.append(entry.name)
            listing.names.append(folder)
            listing.stamps.append(entry.stamp)
        else:
            filled.setdefault(folder, False)
            listing.ignored += 1
    empty = [folder for folder, has_images in filled.items() if not has_images]
    if empty:
        raise DataError(
            f"image_folder: {root}: {len(empty):,} identity folders hold no image "
            f"({', '.join(sorted(SUFFIXES))}): {_files.first_five(empty)}. Was the copy cut short? "
            f"Fill or remove these folders{'' if config.grouped else _OR_GROUPED}."
        )
    if not listing.ids:
        raise DataError(
            f"image_folder: {root} has no identity folders; expected "
            f"{root}/{'GROUP/' if config.grouped else ''}IDENTITY/IMAGE.jpg"
        )
    return listing


def _above(folder: str) -> str:
    """The group's folder; empty where there are no groups."""
    return folder.rpartition("/")[0]


def _is_image(name: str, is_dir: bool) -> bool:
    return not is_dir and not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES
