"""Folders that are working copies of a store elsewhere, and what is told to that store.

`frlib.remote` registers them. Of a plain folder nobody is told anything: every function here then
does nothing and costs a look at an empty table.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from frlib.core.errors import StoreError

_log = logging.getLogger(__name__)
_copies: "dict[Path, Upstream]" = {}


class Claim(Protocol):
    """The right to do something alone, over all machines that see the store."""

    @property
    def is_held(self) -> bool:
        """False once another process took it."""

    def release(self) -> None:
        """Let others have it."""


class Upstream(Protocol):
    """The store that a working copy belongs to. Paths are those of the working copy."""

    @property
    def address(self) -> str:
        """What opens the store on any machine."""

    @contextmanager
    def replacing(self, path: Path) -> Iterator[None]:
        """The body gives a file its name, or new content; afterwards it is sent."""

    def placed(self, folder: Path, last: str = "") -> None:
        """A folder got its name: all its files are sent, `last` (a name in it) after all others."""

    def gone(self, path: Path, *, is_folder: bool = False) -> None:
        """A file or folder was removed, and is removed there."""

    def bring(self, path: Path, *, heavy: bool = True) -> None:
        """Make a file or folder here what it is there; heavy: with checkpoints and models."""

    def has(self, path: Path) -> bool:
        """Whether the store has this file, as known some seconds ago."""

    def inside(self, folder: Path) -> frozenset[str]:
        """Names in a folder of the store, as known some seconds ago, or when it last answered."""

    def fetch(self, folder: Path, commit: str) -> bool:
        """Bring a folder that is whole there, so that it is whole or absent here; whether it is.

        commit: the file without which it is not whole.
        """

    def unfinished(self, folder: Path) -> None:
        """Fill an empty folder aside with what another machine left unfinished of it."""

    def flush(self) -> None:
        """Until everything from this machine is there; `StoreError` when that takes too long."""

    def sweep(self, study: Path) -> None:
        """Remove checkpoints that came after the verdict on their arm, from runs cut short."""

    def waiting(self) -> tuple[str, ...]:
        """Files that are not sent yet, the oldest change first."""

    def mark_all(self) -> int:
        """Have every file sent that the store has not, or of another size; how many."""

    def take(self, path: Path, purpose: str) -> Claim | None:
        """The claim on what has this path; None while another has it or may have it."""

    def holder(self, path: Path) -> tuple[str, bool]:
        """(who holds a claim, in words; whether it was seen alive by this process)."""

    def close(self) -> None:
        """End what works for it in this process; what is not sent stays marked."""


class _Free:
    """Of a plain folder: nobody elsewhere can want it."""

    is_held = True

    def release(self) -> None:
        """Nothing."""


def register(root: Path, upstream: Upstream) -> None:
    """From now on, what is below `root` is a working copy."""
    _copies[root] = upstream


def forget() -> None:
    """Of all working copies, e.g. in a forked process, which has none of their threads."""
    _copies.clear()


def copies() -> tuple[Upstream, ...]:
    """Those of this process."""
    return tuple(_copies.values())


def upstream(path: Path) -> Upstream | None:
    """The store that a path belongs to; None for a plain folder."""
    if not _copies:
        return None
    whole = path.absolute()
    every = tuple(_copies.items())  # another thread may open a store
    return next((found for root, found in every if whole.is_relative_to(root)), None)


def address(store: Path) -> str:
    """What opens a store on any machine: its URI, or the folder's absolute path."""
    found = upstream(store)
    return str(store.resolve()) if found is None else found.address


@contextmanager
def replacing(path: Path) -> Iterator[None]:
    """As `Upstream.replacing`."""
    found = upstream(path)
    if found is None:
        yield
        return
    with found.replacing(path):
        yield


def placed(folder: Path, last: str = "") -> None:
    """As `Upstream.placed`."""
    found = upstream(folder)
    if found is not None:
        found.placed(folder, last)


def gone(path: Path, *, is_folder: bool = False) -> None:
    """As `Upstream.gone`."""
    found = upstream(path)
    if found is not None:
        found.gone(path, is_folder=is_folder)


def bring(path: Path, *, heavy: bool = True) -> None:
    """As `Upstream.bring`."""
    found = upstream(path)
    if found is not None:
        found.bring(path, heavy=heavy)


def has(path: Path) -> bool:
    """As `Upstream.has`; false for a plain folder."""
    found = upstream(path)
    return found is not None and found.has(path)


def inside(folder: Path) -> frozenset[str]:
    """As `Upstream.inside`; none for a plain folder."""
    found = upstream(folder)
    return frozenset() if found is None else found.inside(folder)


def fetch(folder: Path, commit: str) -> bool:
    """As `Upstream.fetch`; false for a plain folder."""
    found = upstream(folder)
    return found is not None and found.fetch(folder, commit)


def unfinished(folder: Path) -> None:
    """As `Upstream.unfinished`."""
    found = upstream(folder)
    if found is not None:
        found.unfinished(folder)


def flush(path: Path) -> None:
    """As `Upstream.flush`, of the store that a path belongs to."""
    found = upstream(path)
    if found is not None:
        found.flush()


@contextmanager
def sent(folder: Path) -> Iterator[None]:
    """What the body writes is in the store when it is left, `StoreError` where that takes too long.

    After another error that is a warning, so that the first one is told.
    """
    try:
        yield
    except BaseException:
        try:
            flush(folder)
        except StoreError as error:
            _log.warning("%s", error)
        raise
    flush(folder)


def sweep(study: Path) -> None:
    """As `Upstream.sweep`."""
    found = upstream(study)
    if found is not None:
        found.sweep(study)


def take(path: Path, purpose: str) -> Claim | None:
    """As `Upstream.take`; always had in a plain folder."""
    found = upstream(path)
    return _Free() if found is None else found.take(path, purpose)


def holder(path: Path) -> tuple[str, bool]:
    """As `Upstream.holder`."""
    found = upstream(path)
    return ("", False) if found is None else found.holder(path)
