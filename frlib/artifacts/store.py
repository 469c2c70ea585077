"""Find, produce and hold artefacts. Killing any process at any moment leaves none or a whole one.

A folder is filled aside, under a name that only its producer knows, and gets its own name by one
rename. Who takes over from a producer that seems dead renames (or removes) that folder first: if
the other one lives after all, it has nothing left that it could publish.
"""

import errno
import logging
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frlib.artifacts import eviction, manifest, rooms
from frlib.artifacts.lease import Lease, leases
from frlib.artifacts.manifest import Entry
from frlib.artifacts.pulse import PACE, Pace, Pulse, Watch, new_token, owner
from frlib.core import published, safeio

Make = Callable[[Path], Mapping[str, Any]]
Waiting = Callable[[str], None]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Order:
    """What `produce` was asked for."""

    kind: str
    digest: str
    make: Make
    about: Mapping[str, Any]
    waiting: Waiting
    resumable: bool


class Artifacts:
    """The artefacts of a store. `pace`: of heartbeats; the same in all processes of a store."""

    def __init__(self, store: Path, pace: Pace = PACE) -> None:
        self.root = store / "artifacts"
        self._pace = pace

    def find(self, kind: str, digest: str) -> Path | None:
        """The folder of a whole artefact, marked as used just now; None where there is none.

        Sizes are compared, not checksums (see `verify`). A damaged one is none, and a warning.
        """
        entry = self._look(kind, digest)
        if entry is None:
            return None
        with suppress(OSError):  # a store that may only be read
            os.utime(entry.folder / manifest.NAME)
        return entry.folder

    def has(self, kind: str, digest: str) -> bool:
        """Whether there is a whole one, as `find` says it; it is not marked as used."""
        folder = self.root / kind / digest
        return published.has(folder / manifest.NAME) or rooms.look(folder) is not None

    def produce(
        self,
        kind: str,
        digest: str,
        make: Make,
        *,
        about: Mapping[str, Any],
        waiting: Waiting = _log.info,
        resumable: bool = False,
    ) -> Path:
        """The folder of the artefact, made by `make(folder)` where there is none.

        make: fills an empty folder and returns facts (plain JSON). One process at a time makes it;
        the others wait, and tell `waiting` once for whom. An exception lets another one try.
        resumable: `make` goes on in what a producer that was stopped or killed left in the folder.
        `DiskFullError` where there is no room: then nothing but what can be resumed is left.
        """
        order = _Order(kind, digest, make, about, waiting, resumable)
        room, watch, told = self.root / kind, Watch(self._pace), ""
        with _told_when_full(room / digest):
            while True:
                room.mkdir(parents=True, exist_ok=True)
                found = self.find(kind, digest)
                if found is not None:
                    return found
                lease = Lease.take(room, digest, "produce", self._pace, watch)
                if lease is None:
                    told = self._wait(order, told)
                    continue
                try:
                    claim = published.take(room / digest, "produce")
                    if claim is not None:
                        try:
                            found = self._made(order, room, lease)
                        finally:
                            claim.release()
                finally:
                    lease.release()
                if found is not None:
                    return found
                if claim is None:
                    told = self._wait_for(published.holder(room / digest)[0], order, told)

    @contextmanager
    def held(self, kind: str, digest: str) -> Iterator[None]:
        """An artefact is not removed inside this, whether it is there yet or not."""
        room, token = self.root / kind, new_token()
        with _told_when_full(room / digest):
            room.mkdir(parents=True, exist_ok=True)
            hold = Pulse(rooms.hold(room, digest, token), "hold", self._pace, token)
        try:
            watch = Watch(self._pace)
            while any(_removes(one) and not watch.is_dead(one) for one in leases(room, digest)):
                time.sleep(self._pace.look_s)
            yield
        finally:
            hold.close()

    def entries(self) -> tuple[Entry, ...]:
        """Every artefact that is whole by its sizes, by kind and digest; a warning for others."""
        found = (rooms.look(folder) for folder in rooms.folders(self.root))
        return tuple(entry for entry in found if entry is not None)

    def verify(self) -> Iterator[tuple[str, str]]:
        """(`<kind>/<digest>`, what is wrong with it; empty: nothing). Reads every file."""
        for folder in rooms.folders(self.root):
            yield f"{folder.parent.name}/{folder.name}", rooms.damage(folder)

    def gc(
        self,
        budget_gib: float = 0.0,
        *,
        keep: Collection[tuple[str, str]] = (),
        dry: bool = False,
    ) -> eviction.Swept:
        """Remove what dead processes left, what is damaged, and what does not fit the budget.

        Least recently used first; never what is held, being produced, or in `keep` (kind, digest).
        budget_gib: 0 for none. dry: say it, and do nothing. Takes as long as it takes to see who
        lives: at once where nobody holds or produces anything.
        """
        swept = eviction.sweep(
            self.root, self._pace, eviction.bytes_of(budget_gib), keep=keep, dry=dry
        )
        for entry in () if dry else swept.evicted:
            published.gone(entry.folder, is_folder=True)
        return swept

    def _look(self, kind: str, digest: str) -> Entry | None:
        """Of a store elsewhere, it is brought here."""
        folder = self.root / kind / digest
        entry = rooms.look(folder)
        if entry is None and published.fetch(folder, manifest.NAME):
            entry = rooms.look(folder)
        return entry

    def _made(self, order: _Order, room: Path, lease: Lease) -> Path | None:
        """None where another process took over in between."""
        aside = rooms.aside(room, order.digest, lease.token)
        target, budget = room / order.digest, eviction.environment_bytes()
        try:
            rooms.adopt(room, order.digest, aside, keep=order.resumable)
            found = self.find(order.kind, order.digest)
            if found is not None:
                rooms.remove(aside)
                return found
            rooms.remove(target)
            if order.resumable and not any(aside.iterdir()):
                published.unfinished(aside)
                (aside / manifest.NAME).unlink(missing_ok=True)
            began = time.monotonic()
            facts = order.make(aside)
            size = manifest.write(
                aside,
                kind=order.kind,
                digest=order.digest,
                about=order.about,
                facts=facts,
                seconds=time.monotonic() - began,
            )
            eviction.make_room(self.root, self._pace, size, budget)
            if not lease.is_held:
                _give_up(aside, target)
                return None
            aside.rename(target)
        except Exception:
            if not lease.is_held:
                _give_up(aside, target)
                return None
            if not order.resumable:
                rooms.remove(aside)
            raise
        rooms.settle(room)
        published.gone(aside, is_folder=True)
        published.placed(target, last=manifest.NAME)
        published.flush(target)
        return target

    def _wait(self, order: _Order, told: str) -> str:
        """For the time between two looks; whom it has told of by then."""
        taken = leases(self.root / order.kind, order.digest)
        found = owner(taken[-1]) if taken else None
        return self._wait_for(f"process {found.pid} on {found.host}" if found else "", order, told)

    def _wait_for(self, whom: str, order: _Order, told: str) -> str:
        if whom and whom != told:
            order.waiting(f"{order.kind}/{order.digest}: {whom} is at it, waiting")
            told = whom
        time.sleep(self._pace.look_s)
        return told


def placed(store: Path, name: str) -> Path:
    """The folder of `<kind>/<digest>`, there or not; brought here if the store is elsewhere."""
    kind, _, digest = name.partition("/")
    if digest and published.upstream(store) is not None:
        Artifacts(store).find(kind, digest)
    return store / "artifacts" / name


def _give_up(aside: Path, target: Path) -> None:
    """Remove what this process wrote after its folder had been taken away from it."""
    rooms.remove(aside)
    _log.warning(
        "%s/%s: another process took over what this one was making; this one's is dropped",
        target.parent.name,
        target.name,
    )


def _removes(lease: Path) -> bool:
    found = owner(lease)
    return found is not None and found.purpose == "remove"


@contextmanager
def _told_when_full(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise safeio.DiskFullError(
            f"{target}: the disk is full; the artefact was not made. Free some room "
            "(`frlib artifact gc`), or choose another --store, and run the same command again"
        ) from error
