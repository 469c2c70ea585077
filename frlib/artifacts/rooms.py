"""Names inside the folder of a kind, and what is done to whole folders there."""

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from frlib.artifacts import manifest
from frlib.artifacts.manifest import Entry
from frlib.artifacts.pulse import new_token
from frlib.core.errors import RecordError

_log = logging.getLogger(__name__)


def aside(room: Path, digest: str, token: str) -> Path:
    """Where the holder of the lease `token` makes an artefact."""
    return room / f".{digest}.aside-{token}"


def hold(room: Path, digest: str, token: str) -> Path:
    """The file of somebody who reads an artefact."""
    return room / f".{digest}.hold-{token}"


def folders(root: Path) -> Iterator[Path]:
    """Every folder that has an artefact's name, by kind and digest."""
    for path in sorted(root.glob("*/*")):
        if path.is_dir() and not path.name.startswith("."):
            yield path


def hidden(root: Path, what: str) -> list[Path]:
    """Everything beside artefacts of one sort: `lease`, `hold`, `aside`, `trash`."""
    return sorted(root.glob(f"*/.*.{what}-*"))


def digest_of(path: Path) -> str:
    """Of the artefact that something beside it is about."""
    return path.name.split(".")[1]


def look(folder: Path) -> Entry | None:
    """What is there, if it is whole by its sizes; a damaged one is None, and a warning."""
    if not folder.is_dir():
        return None
    try:
        entry = manifest.read(folder)
        wrong = manifest.cut_short(entry)
    except (RecordError, OSError) as error:
        wrong = str(error)
    if not wrong:
        return entry
    if folder.is_dir():  # it was not removed while one looked
        _log.warning("%s: damaged (%s); it is made again when it is needed", folder, wrong)
    return None


def damage(folder: Path) -> str:
    """What is wrong with an artefact, by its checksums; empty: nothing."""
    try:
        return manifest.damage(manifest.read(folder))
    except (RecordError, OSError) as error:
        return str(error)


def adopt(room: Path, digest: str, target: Path, *, keep: bool) -> None:
    """Make `target` the only folder aside: the fullest one that is left if `keep`, else empty."""
    left = sorted(room.glob(f".{digest}.aside-*"), key=size, reverse=True)
    if keep and left:
        left.pop(0).rename(target)
        (target / manifest.NAME).unlink(missing_ok=True)
    else:
        target.mkdir()
    for path in left:
        remove(path)
    for trash in room.glob(f".{digest}.trash-*"):
        shutil.rmtree(trash, ignore_errors=True)


def remove(folder: Path) -> None:
    """Take a folder's name away at once, then its content; nothing where there is none."""
    trash = folder.with_name(f".{folder.name.lstrip('.').split('.')[0]}.trash-{new_token()}")
    with suppress(FileNotFoundError):
        folder.rename(trash)
        shutil.rmtree(trash, ignore_errors=True)


def size(folder: Path) -> int:
    """Bytes of all files below; 0 of a folder that vanishes while one counts."""
    try:
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except FileNotFoundError:
        return 0


def settle(room: Path) -> None:
    """Bring a rename to the disk, where the file system can be told to."""
    file = os.open(room, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(file)
    finally:
        os.close(file)
