"""The right to change one artefact: held by one process at a time over all machines.

Leases of an artefact are numbered; the highest number has it. Who finds it dead, or finds none,
makes the next number: a file is made once, so of two that try at once one fails. The one before
finds that it has lost the next time it asks. Nothing rests on two clocks, nor on removing a file
at the right moment.
"""

from contextlib import suppress
from pathlib import Path
from typing import Literal

from frlib.artifacts.pulse import Pace, Pulse, Watch, new_token

Purpose = Literal["produce", "remove"]


class Lease:
    """One that was taken (`take`); `release` it, whatever happens."""

    def __init__(self, room: Path, digest: str, number: int, pulse: Pulse) -> None:
        self._room, self._digest, self._number, self._pulse = room, digest, number, pulse

    @classmethod
    def take(
        cls, room: Path, digest: str, purpose: Purpose, pace: Pace, watch: Watch
    ) -> "Lease | None":
        """The lease on an artefact; None while somebody else has it, as far as `watch` knows."""
        taken = leases(room, digest)
        if taken and not watch.is_dead(taken[-1]):
            return None
        number = _number(taken[-1]) + 1 if taken else 0
        try:
            pulse = Pulse(_path(room, digest, number), purpose, pace, new_token())
        except FileExistsError:
            return None
        lease = cls(room, digest, number, pulse)
        lease._remove_older()
        return lease

    @property
    def token(self) -> str:
        """A name that no other lease has."""
        return self._pulse.token

    @property
    def is_held(self) -> bool:
        """False once another process took it."""
        taken = leases(self._room, self._digest)
        return self._pulse.is_there and bool(taken) and _number(taken[-1]) == self._number

    def release(self) -> None:
        """Let others have it."""
        self._remove_older()
        self._pulse.close()

    def _remove_older(self) -> None:
        for path in leases(self._room, self._digest):
            if _number(path) < self._number:
                with suppress(FileNotFoundError):
                    path.unlink()


def leases(room: Path, digest: str) -> list[Path]:
    """Lease files of an artefact, the one that counts last."""
    return sorted(room.glob(f".{digest}.lease-*"), key=_number)


def _path(room: Path, digest: str, number: int) -> Path:
    return room / f".{digest}.lease-{number:06d}"


def _number(path: Path) -> int:
    return int(path.name.rpartition("-")[2])
