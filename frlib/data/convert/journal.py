"""How far a conversion is: one small file, replaced as a whole after every commit.

It stands beside the set that is being written and says of what and with which settings that is, so
that a conversion is never gone on with from another source.
"""

import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from frlib.core import safeio
from frlib.core.errors import DataError, RecordError
from frlib.data.sink import Mark

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Journal:
    """source: digest of the manifest. target: the sink's settings, as canonical JSON.

    state: `copying`; `written` when all files are whole; `verified`. mark: of the sink, None before
    the first commit. bytes: of the images up to the mark.
    """

    source: str
    target: str
    state: Literal["copying", "written", "verified"] = "copying"
    mark: Mark | None = None
    bytes: int = 0
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Images that are safe."""
        return int(self.mark["rows"]) if self.mark else 0


def load(path: Path) -> Journal | None:
    """The journal, or None if there is none."""
    if not path.exists():
        return None
    try:
        found: Any = safeio.read_json(path)
    except RecordError as error:
        raise DataError(f"{error}. Start over with --restart.") from error
    names = {field.name for field in fields(Journal)}
    if not isinstance(found, dict) or set(found) != names or found["format"] != FORMAT:
        raise DataError(
            f"{path}: no journal of this version of the program. Start over with --restart."
        )
    return Journal(**found)


def save(path: Path, journal: Journal) -> None:
    """Replace the journal; it is on disk afterwards."""
    safeio.write_json(path, asdict(journal))
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def begun(path: Path, new: Journal) -> Journal:
    """The journal to go on from: the kept one, which must be of the same work, or `new`."""
    kept = load(path)
    if kept is None:
        save(path, new)
        return new
    changed = []
    if kept.source != new.source:
        changed.append(f"the source's content (digest {kept.source}, now {new.source})")
    if kept.target != new.target:
        changed.append(f"the settings of the target ({kept.target}, now {new.target})")
    if changed:
        raise DataError(
            f"{path.parent}: holds an interrupted conversion, {kept.rows:,} images so far, and "
            f"since then {' and '.join(changed)} changed. Put it back as it was to go on, or start "
            "over with --restart."
        )
    return kept


def advanced(path: Path, journal: Journal, **changes: Any) -> Journal:
    """The journal with these changes, saved."""
    journal = replace(journal, **changes)
    save(path, journal)
    return journal
