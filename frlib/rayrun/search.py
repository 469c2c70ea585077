"""Ray Tune's searcher: the cells of a study in turn, each with its own Optuna study."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from ray.tune.search import Searcher

from frlib.rayrun.proposals import CellProposals
from frlib.rayrun.unpickled import DriverOnly
from frlib.study.arms import Arm

Payload = dict[str, Any]


class ArmSearch(DriverOnly, Searcher):
    """Hands out arms until every cell has had its share or the budget is spent.

    `payload(arm)` is what a trial receives. Results carry `value`, `step`, and `status` when the
    arm is over; an arm that ends without a status was stopped by the scheduler.
    """

    def __init__(
        self,
        cells: Sequence[CellProposals],
        payload: Callable[[Arm], Payload],
        deadline: float | None = None,
    ) -> None:
        super().__init__(metric="value", mode="max")
        self._cells = list(cells)
        self._payload = payload
        self._deadline = deadline
        self._turn = 0
        self._running: dict[str, tuple[CellProposals, Arm]] = {}

    def suggest(self, trial_id: str) -> Payload | str | None:  # type: ignore[override]
        """The next arm's payload, or FINISHED."""
        if self._deadline is not None and time.monotonic() > self._deadline:
            return Searcher.FINISHED
        for _ in range(len(self._cells)):
            cell = self._cells[self._turn % len(self._cells)]
            self._turn += 1
            arm = cell.propose()
            if arm is not None:
                self._running[trial_id] = (cell, arm)
                return self._payload(arm)
        return Searcher.FINISHED

    def arm(self, trial_id: str) -> Arm:
        """The arm a trial runs."""
        return self._running[trial_id][1]

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Tell the arm's cell how it ended."""
        if trial_id not in self._running:
            return
        cell, arm = self._running[trial_id]
        status = "unfinished" if error or not result else str(result.get("status") or "stopped")
        value, step = (result or {}).get("value"), int((result or {}).get("step", 0))
        cell.tell(arm, status, value, step)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a new run is built from the records and the journals."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, as `save`."""
