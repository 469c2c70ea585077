"""What `run` would do: cells, arms, what is already on record, and what it is likely to cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, variance

from frlib.core.config import canonical
from frlib.data.prepare import dataset_digest, noise_digest
from frlib.records import layout, ledger
from frlib.stats.power import smallest_difference
from frlib.study.arms import Arm, Cell, Datasets, cells
from frlib.study.schema import Study
from frlib.train.config import TrainConfig


@dataclass(frozen=True)
class CellPlan:
    """One cell and the arms on record for it."""

    cell: Cell
    entries: Mapping[str, ledger.Entry]

    def arm(self, digest: str) -> Arm:
        """The arm on record with this digest."""
        return self.cell.arm(self.entries[digest].arm["params"])


@dataclass(frozen=True)
class Plan:
    """A study spelled out against a store."""

    study: Study
    store: Path
    cells: tuple[CellPlan, ...]

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
        return sum(self._owed(plan) for plan in self.cells)

    @property
    def epochs_left(self) -> int:
        """Epochs of the replicates still to do at most."""
        return sum(self._owed(plan) * plan.cell.config.epochs for plan in self.cells)

    @property
    def epochs(self) -> tuple[int, ...]:
        """Lengths that runs have, shortest first."""
        return tuple(sorted({plan.cell.config.epochs for plan in self.cells}))

    def _owed(self, plan: CellPlan) -> int:
        """Replicates of a cell still to do at most."""
        seeds = set(self.study.replicates.seeds)
        limit = self.study.search.arms_per_cell if plan.cell.space else 1
        owing = [e for e in plan.entries.values() if self._status(e) == "unfinished"]
        room = max(0, limit - (len(plan.entries) - len(owing)))
        owed = [len(seeds - set(e.complete_seeds)) for e in owing[:room]]
        return sum(owed) + (room - len(owed)) * len(seeds)

    def _status(self, entry: ledger.Entry) -> str:
        return entry.status(self.study.replicates.seeds)

    @property
    def seconds_per_run(self) -> float | None:
        """Mean of the complete replicates on record; None when there is none yet."""
        seconds = [s for plan in self.cells for e in plan.entries.values() for s in e.seconds]
        return sum(seconds) / len(seconds) if seconds else None

    @property
    def detectable(self) -> float | None:
        """Smallest difference of the first report metric that paired t tests over the seeds find.

        At 5 %, with power 0.8, from the spread over replicates on record (sqrt 2 times it: as if
        seeds were not paired, so on the safe side). None before two replicates of an arm are done.
        """
        spreads = []
        for plan in self.cells:
            for arm, entry in plan.entries.items():
                replicates = [
                    ledger.completed(layout.arm_folder(self.folder, arm) / f"r{seed}")
                    for seed in entry.complete_seeds
                ]
                finals = [ledger.final_metrics(r) for r in replicates if r is not None]
                values = [f[self.study.report[0]] for f in finals if self.study.report[0] in f]
                if len(values) > 1:
                    spreads.append(variance(values))
        count = len(self.study.replicates.seeds)
        if not spreads or count < 2:
            return None
        return smallest_difference(count, (2 * mean(spreads)) ** 0.5)

    @property
    def folder(self) -> Path:
        """Where the study's records are."""
        return layout.study_folder(self.store, self.study.name)


def make(study: Study, store: Path) -> Plan:
    """Spell a study out. Reads the data sets' manifests (kept in the store) and the records."""
    seen: dict[str, Datasets] = {}

    def digests(config: TrainConfig) -> Datasets:
        key = canonical(config.data)
        if key not in seen:
            seen[key] = dataset_digest(config.data, store)
        files = canonical({name: config.noise.step(name).files for name in config.noise.order})
        if files not in seen:
            seen[files] = noise_digest(config.noise)
        return {**seen[key], **seen[files]}

    known = {e.arm["arm"]: e for e in ledger.entries(layout.study_folder(store, study.name))}
    plans = []
    for cell in cells(study, digests):
        mine = {d: e for d, e in known.items() if e.arm["cell_digest"] == cell.digest}
        plans.append(CellPlan(cell, mine))
    return Plan(study, store, tuple(plans))
