"""How a study stands, from its folder alone: also while another process runs it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frlib.core import safeio
from frlib.records import halted, layout, ledger, select
from frlib.records.halted import Halted
from frlib.study import driver
from frlib.study.best import Best, best
from frlib.study.driver import Driver

STATES = ("running", "complete", "stopped", "failed", "unfinished")


@dataclass
class CellStatus:
    """A cell of the table. arms: digests by state. reasons: why arms ended early, last ones last.

    `running`: a live driver has begun it and not ended it; without one it is `unfinished`.
    """

    shown: Mapping[str, Any]
    arms: dict[str, list[str]] = field(default_factory=lambda: {state: [] for state in STATES})
    reasons: list[str] = field(default_factory=list)
    best: Best | None = None


@dataclass(frozen=True)
class Status:
    """A study on record. driver: that runs it now. runs: complete ones. others: arms of cells that
    the study has no more. halted: why the last call of run left arms out."""

    name: str
    metric: str
    cells: tuple[CellStatus, ...]
    runs: int
    others: int
    driver: Driver | None
    halted: Halted | None

    def count(self, state: str) -> int:
        """Arms in a state, over all cells."""
        return sum(len(cell.arms[state]) for cell in self.cells)


def status(folder: Path) -> Status:
    """Of the study with this folder. `RecordError` for damaged records, or of a newer schema."""
    study = safeio.read_json(folder / "study.json")
    metric, higher = select.metric(study)
    seeds = tuple(study["replicates"]["seeds"])
    running = driver.find(folder)
    alive = running if running is not None and running.is_alive else None
    cells = {one["digest"]: CellStatus(dict(one["shown"])) for one in study.get("cells", ())}
    values: dict[str, dict[str, dict[int, float]]] = defaultdict(dict)
    runs = others = 0
    for entry in ledger.entries(folder):
        digest, key = entry.arm["arm"], entry.arm["cell_digest"]
        if key not in cells:
            others += 1
            continue
        cell, state = cells[key], _state(entry, seeds, alive is not None)
        cell.arms[state].append(digest)
        runs += len(set(entry.complete_seeds) & set(seeds))
        if state in ("stopped", "failed") and entry.verdict is not None:
            cell.reasons.append(str(entry.verdict.get("message", "")))
        arm = layout.arm_folder(folder, digest)
        values[key][digest] = ledger.finals(arm, metric, entry.complete_seeds)
    for key, cell in cells.items():
        cell.best = best(values[key], "max" if higher else "min")
    return Status(
        folder.name, metric, tuple(cells.values()), runs, others, alive, halted.read(folder)
    )


def _state(entry: ledger.Entry, seeds: tuple[int, ...], is_driven: bool) -> str:
    found = entry.status(seeds)
    return "running" if found == "unfinished" and is_driven and entry.open_seeds else found
