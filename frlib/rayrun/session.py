"""One call of run: proposals of every cell, the rules that stop arms, and what is written of both.

Everything here is built from the plan, that is from the records: a restart is another session.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from frlib.core import discover, safeio
from frlib.core.space import Point
from frlib.pruning import Stop
from frlib.rayrun import journal, known, rules
from frlib.rayrun.budget import Spending
from frlib.rayrun.failures import Failures
from frlib.rayrun.known import Known
from frlib.rayrun.limits import Foreseen
from frlib.rayrun.memory import Memory, Outcome
from frlib.rayrun.orders import Orders, child_of
from frlib.rayrun.proposals import CellProposals
from frlib.rayrun.search import ArmSearch
from frlib.rayrun.stopping import Stopping
from frlib.rayrun.turns import Turns
from frlib.rayrun.verdicts import Verdicts
from frlib.records import layout
from frlib.study.arms import Arm, Cell
from frlib.study.plan import CellPlan, Plan

Points = Callable[[Cell], Sequence[Point]]


@dataclass(frozen=True)
class Session:
    """first: points that a cell tries before any is suggested. is_replay: and nothing else.

    turns: None where nobody shares the cluster.
    """

    plan: Plan
    spending: Spending
    verdicts: Verdicts
    first: Points = lambda cell: ()
    is_replay: bool = False
    turns: Turns | None = None

    @cached_property
    def proposals(self) -> dict[str, CellProposals]:
        """By the digest of their cell, in the order of the table."""
        study = self.plan.study
        store = (
            journal.storage(self.plan.folder / journal.NAME)
            if study.search.arms_per_cell > 1 and any(p.cell.space for p in self.plan.cells)
            else None
        )
        return {p.cell.digest: self._open(p, store) for p in self.plan.cells}

    @cached_property
    def scheduler(self) -> Stopping:
        """Knows what open cells have shown."""
        study = self.plan.study
        made = Stopping(
            {p.cell.digest: rules.of(study.pruning, study, p.cell) for p in self.plan.cells},
            study.search.limits,
            self._stopped,
            self.is_ending,
            self.failures,
        )
        if study.pruning.name != "none":
            for cell in self.plan.cells:
                if self.proposals[cell.cell.digest].remaining:
                    for one in self._known(cell):
                        made.enter(one.past)
        return made

    @cached_property
    def failures(self) -> Failures:
        """Of trials, counted by arm."""
        return Failures(self.plan.study.resources.max_failures, lambda: not self.is_ending())

    @cached_property
    def searcher(self) -> ArmSearch:
        """For Ray Tune."""
        module = discover.load("frlib.pruning", self.plan.study.pruning.name)
        return ArmSearch(
            list(self.proposals.values()),
            self._begun,
            self._ended,
            self.spending.may_begin,
            is_due=self.turns.is_due if self.turns else lambda: True,
            waits=self.turns.proposed if self.turns else lambda arm: None,
            bears=getattr(module, "BEARS", False),
            again=self.failures.again,
        )

    @cached_property
    def orders(self) -> Orders:
        """Counts on from what is on record."""
        count = sum(len(cell.entries) for cell in self.plan.cells)
        return Orders(self.plan, lambda cell: self.proposals[cell.digest].told, count)

    @property
    def remaining(self) -> int:
        """Arms still to be proposed, at most."""
        return sum(p.remaining for p in self.proposals.values())

    def is_ending(self) -> bool:
        """Whether arms that run are to end at their next result, to go on another time."""
        return self.verdicts.is_ending() or self.spending.is_overspent()

    def _open(self, cell: CellPlan, store: Any) -> CellProposals:
        study = self.plan.study
        return CellProposals(
            cell.cell,
            study.search,
            [one.outcome for one in self._known(cell)],
            Memory(cell.cell, study.search, study.selection, store)
            if store is not None and cell.cell.space
            else None,
            first=self.first(cell.cell),
            is_replay=self.is_replay,
            foreseen=self._foreseen,
            refused=self._refused,
        )

    def _known(self, cell: CellPlan) -> list[Known]:
        return self._on_record[cell.cell.digest]

    @cached_property
    def _foreseen(self) -> Foreseen:
        """One for all cells: it counts a data set once."""
        return Foreseen(self.plan)

    @cached_property
    def _on_record(self) -> dict[str, list[Known]]:
        """Arms by the digest of their cell; search and rules are both told of them."""
        return {one.cell.digest: known.of(self.plan, one) for one in self.plan.cells}

    def _begun(self, arm: Arm) -> dict[str, Any]:
        self.spending.began(arm.digest)
        self.verdicts.began(arm)
        return self.orders.trial(arm)

    def _ended(self, arm: Arm, result: Mapping[str, Any]) -> Outcome:
        stop = self.scheduler.stops.get(arm.digest)
        if stop is None:
            status = str(result.get("status") or "unfinished")
            value, step = result.get("value"), int(result.get("step", 0))
        else:
            status, value, step = "stopped", stop.value, stop.rung
        return Outcome(
            arm=arm,
            status=status,
            value=value,
            step=step,
            others=tuple(result.get("others") or ()),
            excess=self.scheduler.excess(result),
        )

    def _refused(self, outcome: Outcome) -> None:
        """An arm that would break a limit is on record, and says so."""
        self.orders.write(outcome.arm)
        self.verdicts.refused(outcome.arm, outcome.excess)

    def _stopped(self, order: Mapping[str, Any], stop: Stop) -> None:
        """A child is written down before the verdict: a crash between them loses nothing."""
        if stop.child is None:
            return
        proposals = self.proposals[order["cell"]]
        parent = layout.arm_folder(self.plan.folder, stop.child.parent) / "arm.json"
        child = child_of(proposals.cell, safeio.read_json(parent)["params"], stop.child)
        self.orders.write(child, parent=stop.child.parent)
        proposals.adopt(child)
