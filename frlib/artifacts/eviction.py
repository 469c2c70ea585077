"""Room for artefacts: what goes, in which order, and what must stay."""

import logging
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from frlib.artifacts import rooms
from frlib.artifacts.lease import Lease
from frlib.artifacts.manifest import Entry
from frlib.artifacts.pulse import Pace, Watch, living
from frlib.core.errors import ConfigError

VARIABLE = "FRLIB_ARTIFACTS_GIB"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Swept:
    """evicted: whole artefacts that went. leftovers: damaged ones, and what dead processes left.

    kept: bytes of the artefacts that stay; over: by how many that is too much (they are in use).
    """

    evicted: tuple[Entry, ...]
    leftovers: tuple[Path, ...]
    kept: int
    over: int


def bytes_of(gib: float) -> int:
    """Of a budget; `ConfigError` for less than nothing."""
    if not gib >= 0:
        raise ConfigError(f"a budget of {gib:g} GiB: expected 0 (no limit) or more")
    return int(gib * 2**30)


def environment_bytes() -> int:
    """`FRLIB_ARTIFACTS_GIB` in bytes, 0 (no limit) where it is not set; else `ConfigError`."""
    text = os.environ.get(VARIABLE, "")
    try:
        return bytes_of(float(text or 0))
    except (ValueError, OverflowError):
        raise ConfigError(f"{VARIABLE}={text!r}: expected a number of GiB, e.g. 50") from None


def make_room(root: Path, pace: Pace, size: int, budget: int) -> None:
    """Evict until `size` more bytes fit a budget; a warning where they cannot."""
    if not budget:
        return
    swept = sweep(root, pace, max(1, budget - size), leftovers=False)
    if swept.over:
        _log.warning(
            "%s: the budget is exceeded by %.2f GiB: everything else is in use",
            VARIABLE,
            swept.over / 2**30,
        )


def sweep(
    root: Path,
    pace: Pace,
    budget: int,
    *,
    keep: Collection[tuple[str, str]] = (),
    dry: bool = False,
    leftovers: bool = True,
) -> Swept:
    """See `Artifacts.gc`. budget: bytes, 0 for none. leftovers: whether those go as well."""
    marks = [*rooms.hidden(root, "lease"), *rooms.hidden(root, "hold")]
    alive = living(marks, pace)
    if not dry:
        for path in set(marks) - alive:
            path.unlink(missing_ok=True)
    busy = {_key(path.parent, rooms.digest_of(path)) for path in alive} | set(keep)
    whole, damaged = [], []
    for folder in rooms.folders(root):
        entry = rooms.look(folder)
        damaged += [folder] if entry is None else []
        whole += [entry] if entry is not None else []
    kept, evicted = sum(entry.size for entry in whole), []
    for entry in sorted(whole, key=lambda entry: entry.used):
        too_much = budget and kept > budget and (entry.kind, entry.digest) not in busy
        if too_much and (dry or _removed(entry.folder, entry.digest, pace)):
            evicted.append(entry)
            kept -= entry.size
    gone = []
    for path in [*damaged, *rooms.hidden(root, "aside"), *rooms.hidden(root, "trash")]:
        digest = rooms.digest_of(path) if path.name.startswith(".") else path.name
        free = leftovers and _key(path.parent, digest) not in busy
        if free and (dry or _removed(path, digest, pace)):
            gone.append(path)
    over = max(0, kept - budget) if budget else 0
    return Swept(tuple(evicted), tuple(gone), kept, over)


def _key(room: Path, digest: str) -> tuple[str, str]:
    return room.name, digest


def _removed(folder: Path, digest: str, pace: Pace) -> bool:
    """Remove a folder under the artefact's lease; false where somebody holds or makes it by now.

    A reader shows its hold before it looks for a lease, and here it is the other way round: of two
    that come at the same time, at least one sees the other.
    """
    lease = Lease.take(folder.parent, digest, "remove", pace, Watch(pace))
    if lease is None:
        return False
    try:
        if any(folder.parent.glob(f".{digest}.hold-*")) or not lease.is_held:
            return False
        rooms.remove(folder)
        return True
    finally:
        lease.release()
