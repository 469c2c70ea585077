"""What is going on in a running study, kept for whoever shows it. Nothing is printed here."""

import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from frlib.core.config import canonical
from frlib.core.space import Scalar
from frlib.records import doing, layout, ledger
from frlib.study.best import Best, best
from frlib.study.outputs import has_stages
from frlib.study.plan import Plan

Shown = Mapping[str, Scalar]
_REASONS = 3


@dataclass
class Row:
    """An arm that runs. step: epochs over its replicates; epoch: of the one with this seed."""

    arm: str
    cell: Shown
    params: Mapping[str, Scalar]
    seed: int | None = None
    epoch: int = 0
    epochs: int = 0
    value: float = float("nan")


class Board:
    """Follows a plan by what a `Watcher` hears. Epochs over all replicates are the unit of work."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._seeds = plan, plan.study.replicates.seeds
        self.metric, self._mode = plan.study.selection.name, plan.study.selection.mode
        self._epochs = {canonical(one.cell.shown): one.cell.config.epochs for one in plan.cells}
        self._has_stages = any(has_stages(one.cell.config) for one in plan.cells)
        self.total = plan.epochs_left
        self._complete = {
            arm: len(entry.complete_seeds) * one.cell.config.epochs
            for one in plan.cells
            for arm, entry in one.entries.items()
        }
        self._steps: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._began: float | None = None
        self.running: dict[str, Row] = {}
        self.ended: Counter[str] = Counter()
        self.reasons: deque[str] = deque(maxlen=_REASONS)
        self._values: dict[str, dict[str, dict[int, float]]] = {}
        self._best: dict[str, tuple[Shown, Best]] = {}
        for one in plan.cells:
            for arm in one.entries:
                self._read(arm, one.cell.shown)

    def began(self, arm: str, cell: Shown, params: Mapping[str, Scalar]) -> None:
        """An arm runs; the newest row is the last one."""
        self.running.pop(arm, None)
        self.running[arm] = Row(arm, cell, params, epochs=self._epochs[canonical(cell)])

    def epoch(self, arm: str, cell: Shown, step: int, value: float, seed: int) -> None:
        """Count epochs."""
        self._began = self._began or time.monotonic()
        if arm not in self._first:
            self._first[arm] = step - 1
            self.total -= max(0, step - 1 - self._complete.get(arm, 0))
        self._steps[arm] = step
        if arm not in self.running:
            self.began(arm, cell, {})
        row = self.running[arm]
        row.seed, row.value, row.epoch = seed, value, (step - 1) % row.epochs + 1
        if row.epoch == row.epochs:
            self._read(arm, cell)

    def end(self, arm: str, cell: Shown, status: str, message: str) -> None:
        """An arm is over; epochs it no longer needs leave the total, if it was ever started."""
        has_begun = self.running.pop(arm, None) is not None
        self.ended[status] += 1
        done = self._steps.get(arm, self._complete.get(arm, 0))
        if status != "complete" and has_begun:
            whole = self._epochs[canonical(cell)] * len(self._seeds)
            self.total -= max(0, whole - done)
        if status != "complete":
            self.reasons.append(f"{label(cell)}: {status}{f' ({message})' if message else ''}")
        self._read(arm, cell)

    def doing(self, arm: str) -> str:
        """What a running arm is at before it trains; empty while it trains."""
        return doing.read(layout.arm_folder(self._plan.folder, arm)) if self._has_stages else ""

    @property
    def done(self) -> int:
        """Epochs done by this call."""
        return sum(self._steps[arm] - self._first[arm] for arm in self._steps)

    def left_s(self) -> float | None:
        """Seconds still to go at the pace so far; None while that is not known."""
        spent = 0.0 if self._began is None else time.monotonic() - self._began
        if spent < 2 or not self.done:
            return None
        return spent / self.done * max(0, self.total - self.done)

    @property
    def best(self) -> list[tuple[Shown, Best]]:
        """The best arm so far of every cell that has one, those that changed last first."""
        return list(self._best.values())[::-1]

    def _read(self, arm: str, cell: Shown) -> None:
        """Look up what the complete replicates of an arm have come to."""
        key, folder = canonical(cell), layout.arm_folder(self._plan.folder, arm)
        values = self._values.setdefault(key, {})
        values[arm] = ledger.finals(folder, self.metric, self._seeds)
        found = best(values, self._mode)
        if found is not None and (key not in self._best or self._best[key][1] != found):
            self._best.pop(key, None)
            self._best[key] = cell, found


def label(cell: Shown) -> str:
    """A cell in a line: a head by its name alone."""
    return ", ".join(str(v) if k == "head" else f"{k}={v}" for k, v in cell.items())
