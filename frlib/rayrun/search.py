"""Ray Tune's searcher: the cells of a study in turn, each with its own proposals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ray.tune.search import Searcher

from frlib.rayrun.memory import Outcome
from frlib.rayrun.proposals import CellProposals
from frlib.rayrun.unpickled import DriverOnly
from frlib.study.arms import Arm

Payload = dict[str, Any]
Ended = Callable[[Arm, Mapping[str, Any]], Outcome]


@dataclass(frozen=True)
class _Begun:
    cell: CellProposals
    arm: Arm
    payload: Payload


class ArmSearch(DriverOnly, Searcher):
    """Hands out arms until every cell has had its share or no more may begin.

    payload: what a trial receives. ended: what a trial's last result says of its arm. may_begin:
    false when a budget is spent or the study is asked to stop. is_due: false while others go first.
    waits: hears of every arm that is handed out, and so waits for room. bears: whether arms that
    end may leave a child behind, so that there may be more to do while any is running. again:
    whether an arm whose trial has failed is handed out once more.
    """

    def __init__(
        self,
        cells: Sequence[CellProposals],
        payload: Callable[[Arm], Payload],
        ended: Ended,
        may_begin: Callable[[], bool] = lambda: True,
        *,
        is_due: Callable[[], bool] = lambda: True,
        waits: Callable[[str], None] = lambda arm: None,
        bears: bool = False,
        again: Callable[[str], bool] = lambda arm: False,
    ) -> None:
        super().__init__(metric="value", mode="max")
        self._cells = list(cells)
        self._payload, self._ended = payload, ended
        self._may_begin, self._is_due, self._bears = may_begin, is_due, bears
        self._waits, self._again = waits, again
        self._turn, self._is_over = 0, False
        self._running: dict[str, _Begun] = {}
        self._failed: list[_Begun] = []

    def suggest(self, trial_id: str) -> Payload | str | None:  # type: ignore[override]
        """The next arm's payload, None where there may be one later, or FINISHED."""
        if self._failed:
            return self._handed_out(trial_id, self._failed.pop(0))
        if self._is_over or not self._may_begin():
            return None if self._running else Searcher.FINISHED
        if any(cell.remaining for cell in self._cells) and not self._is_due():
            return None
        for _ in range(len(self._cells)):
            cell = self._cells[self._turn % len(self._cells)]
            self._turn += 1
            arm = cell.propose()
            if arm is not None:
                return self._handed_out(trial_id, _Begun(cell, arm, self._payload(arm)))
        self._is_over = not self._bears
        return None if self._running else Searcher.FINISHED

    def _handed_out(self, trial_id: str, begun: _Begun) -> Payload:
        self._running[trial_id] = begun
        self._waits(begun.arm.digest)
        return begun.payload

    def arm(self, trial_id: str) -> Arm:
        """The arm a trial runs."""
        return self._running[trial_id].arm

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Tell the arm's cell how it ended."""
        if trial_id not in self._running:
            return
        begun = self._running.pop(trial_id)
        if error and self._again(begun.arm.digest):
            self._failed.append(begun)
        elif error or not result:
            begun.cell.tell(Outcome(arm=begun.arm, status="unfinished"))
        else:
            begun.cell.tell(self._ended(begun.arm, result))

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a new run is built from the records and the journals."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, as `save`."""
