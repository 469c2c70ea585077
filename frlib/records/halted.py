"""Why a study ended before all of its arms had run: `halted.json` in its folder.

reason     a budget that is spent, or somebody's request to stop
when       UTC, ISO 8601
spent      hours (wall time of that call), cpu_hours, gpu_hours and runs, over all calls
not_begun  digest of a cell -> arms that may still begin there
to_go_on   arms without a verdict, which go on from their checkpoints

It is of the last call of run, and gone when the next one begins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from frlib.core import safeio
from frlib.core.errors import RecordError

NAME = "halted.json"


@dataclass(frozen=True, kw_only=True)
class Halted:
    """As above."""

    reason: str
    when: str
    spent: Mapping[str, float]
    not_begun: Mapping[str, int]
    to_go_on: Sequence[str]

    def __str__(self) -> str:
        count, left = sum(self.not_begun.values()), len(self.to_go_on)
        return (
            f"{self.reason} ({self.spent['cpu_hours']:.3g} CPU h, {self.spent['gpu_hours']:.3g} "
            f"GPU h): {count:,} {_arms(count)} not begun, {left:,} to go on"
        )


def write(
    folder: Path,
    *,
    reason: str,
    spent: Mapping[str, float],
    not_begun: Mapping[str, int],
    to_go_on: Sequence[str],
) -> None:
    """Write it down for the study in this folder, as of now."""
    found = Halted(
        reason=reason,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        spent=dict(spent),
        not_begun={cell: count for cell, count in not_begun.items() if count},
        to_go_on=list(to_go_on),
    )
    safeio.write_json(folder / NAME, asdict(found))


def read(folder: Path) -> Halted | None:
    """None where the last call of run did all there was; `RecordError` for a damaged file."""
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        return Halted(**safeio.read_json(path))
    except TypeError as error:
        raise RecordError(f"{path}: {error}; remove it, nothing else needs it") from error


def clear(folder: Path) -> None:
    """The study is being run again."""
    safeio.remove(folder / NAME)


def _arms(count: int) -> str:
    return "arm" if count == 1 else "arms"
