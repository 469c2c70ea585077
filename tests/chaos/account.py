"""What was done to a study, and what came out: a table to print and JSON to keep."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from frlib.records.read import Records
from tests.integration import interrupting


@dataclass(frozen=True)
class Event:
    """An injection. s: since the study began. at: since 1970."""

    s: float
    at: float
    injection: str
    what: str


@dataclass(frozen=True)
class Account:
    """attempts: of all runs. again: most epochs that one of them repeated; all: of all together.
    noticed_s: from a notice until the run was put down, its checkpoint on the disk.
    """

    name: str
    seconds: float
    drivers: int
    runs: int
    attempts: int
    again: int
    again_all: int
    noticed_s: tuple[float, ...]
    twice: int
    orphans: tuple[str, ...]
    groups: tuple[str, ...]
    is_equal: bool
    events: tuple[Event, ...]

    def write(self, folder: Path) -> None:
        """As JSON."""
        path = folder / f"{self.name}.json"
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    def __str__(self) -> str:
        lines = [f"{one.s:7.1f} s  {one.injection:16} {one.what}" for one in self.events]
        slow = ", ".join(f"{s:.1f}" for s in self.noticed_s) or "-"
        rows = [
            ("wall time, drivers started", f"{self.seconds:.0f} s, {self.drivers}"),
            ("complete runs, attempts", f"{self.runs}, {self.attempts}"),
            ("runs complete twice", str(self.twice)),
            ("epochs repeated: most of a run, all", f"{self.again}, {self.again_all}"),
            ("s from a notice to its checkpoint", slow),
            ("orphans, placement groups left", f"{len(self.orphans)}, {len(self.groups)}"),
            ("records equal to a quiet run's", "yes" if self.is_equal else "NO"),
        ]
        told = [f"{name:38} {value}" for name, value in rows]
        return "\n".join([f"== {self.name}", *lines, *told])


def repeated(found: Records) -> list[int]:
    """Epochs that an attempt did again, one number for every attempt after a run's first.

    An attempt writes down once more the epoch that its checkpoint is from: it did not do that.
    """
    done: dict[tuple[str, int], set[int]] = defaultdict(set)
    counts = []
    for one in sorted(found.attempts, key=lambda a: (a.arm, a.seed, a.attempt)):
        rows = one.table("metrics").to_pylist()
        own = {int(row["epoch"]) for row in rows if row["name"] == "train/loss"}
        before = done[one.arm, one.seed]
        if before:
            counts.append(max(0, len(own & before) - 1))
        before |= own
    return counts


def put_down(found: Records, events: Sequence[Event]) -> list[float]:
    """Seconds from the last notice before an attempt that left its node, until it had."""
    notices = [event.at for event in events if event.injection in ("spot_notice", "sigterm")]
    left = []
    for one in found.attempts:
        if one.status == "stopped" and "NodeLostError" in one.run["reason"]:
            ended = datetime.fromisoformat(str(one.run["ended"])).timestamp()
            before = [at for at in notices if at <= ended]
            left += [ended - max(before)] if before else []
    return left


def twice(found: Records) -> int:
    """Runs that are complete more than once."""
    done = interrupting.complete(found)
    return len(done) - len(set(done))
