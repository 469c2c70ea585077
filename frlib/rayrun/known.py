"""What the records say of a plan's arms, in the words of search and rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from frlib.core.space import Scalar
from frlib.pruning import Past
from frlib.rayrun.memory import Outcome
from frlib.rayrun.orders import inherited
from frlib.records import layout, ledger
from frlib.study.arms import Arm
from frlib.study.plan import CellPlan, Plan


@dataclass(frozen=True)
class Known:
    """One arm on record, and its cell's plan."""

    plan: Plan
    cell: CellPlan
    digest: str

    @cached_property
    def arm(self) -> Arm:
        """The arm itself."""
        return self.cell.arm(self.digest)

    @property
    def status(self) -> str:
        """`complete`, `stopped`, `failed` or `unfinished`."""
        return self._entry.status(self.plan.study.replicates.seeds)

    @property
    def outcome(self) -> Outcome:
        """How it ended, as the verdict has it."""
        verdict = self._entry.verdict or {}
        found = Outcome(
            arm=self.arm, status=self.status, is_child=bool(self._entry.arm.get("parent"))
        )
        if found.status == "unfinished":
            return found
        return Outcome(
            arm=found.arm,
            status=found.status,
            value=verdict.get("value"),
            step=int(verdict.get("step") or 0),
            others=self._others() if found.status == "complete" else (),
            excess=tuple((verdict.get("excess") or {}).items()),
            is_child=found.is_child,
        )

    @property
    def past(self) -> Past:
        """What it has shown so far, for a rule."""
        study = self.plan.study
        seeds, epochs = study.replicates.seeds, self.cell.cell.config.epochs
        course, finals = ledger.shown(self._folder, study.selection.name, seeds, epochs)
        course = {step: v for step, v in course.items() if step > inherited(self.arm)}
        return Past(
            arm=self.digest,
            cell=self.cell.cell.digest,
            course=course,
            finals=finals,
            params=current(self.arm, min(epochs, max(course, default=0))),
            replaced=bool((self._entry.verdict or {}).get("child")),
        )

    @property
    def order(self) -> int:
        """When it was proposed, among all arms of the study; those of no known time last."""
        return int((self._entry.arm.get("proposal") or {}).get("order", 2**31))

    @property
    def _entry(self) -> ledger.Entry:
        return self.cell.entries[self.digest]

    @property
    def _folder(self) -> Path:
        return layout.arm_folder(self.plan.folder, self.digest)

    def _others(self) -> tuple[float, ...]:
        """Means of the further objectives over the complete replicates."""
        names = [name for name, _ in self.plan.study.selection.others]
        if not names:
            return ()
        rows = [_finals(self._folder / f"r{seed}") for seed in self._entry.complete_seeds]
        return tuple(sum(row.get(n, float("nan")) for row in rows) / len(rows) for n in names)


def of(plan: Plan, cell: CellPlan) -> list[Known]:
    """The arms of a cell on record, in the order in which they were proposed."""
    found = [Known(plan, cell, digest) for digest in cell.entries]
    return sorted(found, key=lambda known: (known.order, known.digest))


def current(arm: Arm, epoch: int) -> dict[str, Scalar]:
    """Values of the searched fields when `epoch` passes are done, by the arm's course."""
    now = {
        path: value
        for change in arm.config.course
        if change.epoch <= epoch
        for path, value in change.settings.items()
    }
    own = {path: value for path, value in arm.params.items() if path != "course"}
    return {path: now.get(path, value) for path, value in own.items()}


def _finals(replicate: Path) -> Mapping[str, Any]:
    attempt = ledger.completed(replicate)
    return {} if attempt is None else ledger.final_metrics(attempt)
