"""`artifact.json`: what an artefact is, and size and checksum of every file in it.

Fields: `kind, digest, about, facts, files: {path: {sha256, size}}, seconds, created`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from frlib.core import safeio
from frlib.core.errors import RecordError

NAME = "artifact.json"


@dataclass(frozen=True)
class Entry:
    """One artefact. about: what was asked for; facts: what came of it. size: bytes of its files.

    used: when it was found last, s since 1970 by the clock of the disk. seconds: to produce it.
    """

    kind: str
    digest: str
    folder: Path
    about: Mapping[str, Any]
    facts: Mapping[str, Any]
    files: Mapping[str, Mapping[str, Any]]
    seconds: float
    created: str
    used: float

    @property
    def name(self) -> str:
        """`<kind>/<digest>`."""
        return f"{self.kind}/{self.digest}"

    @property
    def size(self) -> int:
        """Bytes of all its files but `artifact.json`."""
        return sum(int(file["size"]) for file in self.files.values())


def write(
    folder: Path,
    *,
    kind: str,
    digest: str,
    about: Mapping[str, Any],
    facts: Mapping[str, Any],
    seconds: float,
) -> int:
    """Bring a finished folder to the disk and describe it; returns the bytes of its files."""
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name != NAME:
            with path.open("rb") as file:
                os.fsync(file.fileno())
            files[name] = {"sha256": safeio.sha256(path), "size": path.stat().st_size}
    value = {
        "kind": kind,
        "digest": digest,
        "about": dict(about),
        "facts": dict(facts),
        "files": files,
        "seconds": round(seconds, 3),
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    safeio.write_json(folder / NAME, value)
    return sum(int(file["size"]) for file in files.values())


def read(folder: Path) -> Entry:
    """An artefact's description; `RecordError` where there is none or it is damaged."""
    path = folder / NAME
    value = safeio.read_json(path)
    try:
        return Entry(**value, folder=folder, used=path.stat().st_mtime)
    except (TypeError, OSError) as error:
        raise RecordError(
            f"{path}: no description of an artefact ({error}); remove the folder, and it is "
            "produced again when it is needed"
        ) from error


def cut_short(entry: Entry) -> str:
    """The first file that is missing or of another size, in words; empty: none is."""
    for name, told in entry.files.items():
        path = entry.folder / name
        found = path.stat().st_size if path.is_file() else None
        if found is None:
            return f"{name} is missing"
        if found != told["size"]:
            return f"{name} has {found:,} bytes, expected {told['size']:,}"
    return ""


def damage(entry: Entry) -> str:
    """As `cut_short`, with the checksum of every file; reads all of them."""
    found = cut_short(entry)
    for name, told in () if found else entry.files.items():
        if safeio.sha256(entry.folder / name) != told["sha256"]:
            return f"{name} is of {told['size']:,} bytes as expected, but of another content"
    return found
