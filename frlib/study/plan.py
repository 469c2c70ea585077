"""What `run` would do: cells, arms, and what is already on record."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from frlib.core import published
from frlib.core.config import canonical
from frlib.data.prepare import dataset_digest, noise_digest
from frlib.records import layout, ledger
from frlib.study.arms import Arm, Cell, Datasets, cells
from frlib.study.locate import Cells
from frlib.study.schema import Study
from frlib.train.config import TrainConfig


@dataclass(frozen=True)
class CellPlan:
    """One cell and the arms on record for it."""

    cell: Cell
    entries: Mapping[str, ledger.Entry]

    def arm(self, digest: str) -> Arm:
        """The arm on record with this digest."""
        return self.cell.recorded(self.entries[digest].arm)


@dataclass(frozen=True)
class Plan:
    """A study spelled out against a store.

    strays: arms on record that are arms of no cell. like: a published training set of whose size it
    is planned, without data.
    """

    study: Study
    store: Path
    cells: tuple[CellPlan, ...]
    strays: tuple[ledger.Entry, ...] = ()
    like: str = ""

    @property
    def arms(self) -> int:
        """Arms the design asks for."""
        limit = self.study.search.arms_per_cell
        return sum(limit if plan.cell.space else 1 for plan in self.cells)

    @property
    def finished(self) -> int:
        """Arms on record that owe nothing."""
        return sum(self._status(e) != "unfinished" for p in self.cells for e in p.entries.values())

    @property
    def runs(self) -> int:
        """Replicates asked for, if nothing is stopped early."""
        return self.arms * len(self.study.replicates.seeds)

    @property
    def runs_done(self) -> int:
        """Complete replicates on record."""
        return sum(len(e.complete_seeds) for plan in self.cells for e in plan.entries.values())

    @property
    def runs_left(self) -> int:
        """Replicates still to do at most: stopped and failed arms owe none."""
        return sum(self.owed(plan) for plan in self.cells)

    @property
    def epochs_left(self) -> int:
        """Epochs of the replicates still to do at most."""
        return sum(self.owed(plan) * plan.cell.config.epochs for plan in self.cells)

    @property
    def epochs(self) -> tuple[int, ...]:
        """Lengths that runs have, shortest first."""
        return tuple(sorted({plan.cell.config.epochs for plan in self.cells}))

    def owed(self, plan: CellPlan) -> int:
        """Replicates of a cell still to do at most."""
        owing, new = self.due(plan)
        seeds = len(self.study.replicates.seeds)
        return sum(len(left) for left in owing.values()) + new * seeds

    def due(self, plan: CellPlan) -> tuple[dict[str, tuple[int, ...]], int]:
        """Of a cell: arms on record -> seeds that they owe, and how many arms may still begin.

        The default goes before what was begun, as it is proposed.
        """
        limit = self.study.search.arms_per_cell if plan.cell.space else 1
        owing = [e for e in plan.entries.values() if self._status(e) == "unfinished"]
        room = max(0, limit - (len(plan.entries) - len(owing)))
        new = int(room > 0 and plan.cell.default.digest not in plan.entries)
        left = {e.arm["arm"]: self._missing(e) for e in owing[: room - new]}
        return left, room - len(left)

    def _missing(self, entry: ledger.Entry) -> tuple[int, ...]:
        return tuple(s for s in self.study.replicates.seeds if s not in entry.complete_seeds)

    def _status(self, entry: ledger.Entry) -> str:
        return entry.status(self.study.replicates.seeds)

    @property
    def folder(self) -> Path:
        """Where the study's records are."""
        return layout.study_folder(self.store, self.study.name)


def contents(store: Path) -> Callable[[TrainConfig], Datasets]:
    """A function that gives digests of the files a config names; it reads every file once."""
    seen: dict[str, Datasets] = {}

    def digests(config: TrainConfig) -> Datasets:
        key = canonical(config.data)
        if key not in seen:
            seen[key] = dataset_digest(config.data, store)
        files = canonical({name: config.noise.step(name).files for name in config.noise.order})
        if files not in seen:
            seen[files] = noise_digest(config.noise)
        staged = {
            f"{prefix}{name}": found
            for prefix, view in config.stage_views().items()
            for name, found in digests(view).items()
        }
        return {**seen[key], **seen[files], **staged}

    return digests


def make(study: Study, store: Path) -> Plan:
    """Spell a study out. Reads the data sets' manifests (kept in the store) and the records.

    Arms on record belong to the cell that they were run for. Where the design has changed since,
    so that there is no such cell, they belong to the one that they are arms of, if any.
    """
    found = tuple(cells(study, contents(store)))
    known: dict[str, dict[str, ledger.Entry]] = defaultdict(dict)
    folder = layout.study_folder(store, study.name)
    published.bring(folder, heavy=False)
    for entry in ledger.entries(folder):
        known[entry.arm["cell_digest"]][entry.arm["arm"]] = entry
    if not known:
        return Plan(study, store, tuple(CellPlan(cell, {}) for cell in found))
    mine = {cell.digest: known.pop(cell.digest, {}) for cell in found}
    others = [entry for one in known.values() for entry in one.values()]
    strays = tuple(_placed(study, found, mine, others))
    plans = tuple(CellPlan(cell, mine[cell.digest]) for cell in found)
    return Plan(study, store, plans, strays)


def imagined(study: Study, store: Path, like: str) -> Plan:
    """A study as if its training set were `like`: no data are read, and nothing is on record."""
    found = cells(study, lambda config: {"train": like})
    return Plan(study, store, tuple(CellPlan(cell, {}) for cell in found), like=like)


def _placed(
    study: Study,
    found: Sequence[Cell],
    mine: Mapping[str, dict[str, ledger.Entry]],
    others: Sequence[ledger.Entry],
) -> Iterator[ledger.Entry]:
    """Put arms of other designs into their cells; yields those that have none."""
    here = Cells(study, found)
    for entry in others:
        arm = here.same(entry.arm)
        if arm is None:
            yield entry
        else:
            mine[arm.cell.digest][arm.digest] = replace(entry, arm=entry.arm | arm.to_json())
