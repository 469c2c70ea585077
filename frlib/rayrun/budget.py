"""Whether a further arm may begin: time, GPU hours and runs, and whether somebody said stop."""

import time
from collections.abc import Callable

from frlib.study.plan import Plan


class Spending:
    """Of one call of run. Runs and GPU hours of earlier calls are counted from the records.

    GPU hours of arms that run now count from when this call began.
    """

    def __init__(self, plan: Plan, is_stopped: Callable[[], bool] = lambda: False) -> None:
        study = plan.study
        self._budget, self._is_stopped = study.budget, is_stopped
        self._began = time.monotonic()
        self._seeds = len(study.replicates.seeds)
        entries = [entry for cell in plan.cells for entry in cell.entries.values()]
        self._runs = sum(len(e.complete_seeds) + len(e.open_seeds) for e in entries)
        self._gpus = study.resources.gpus_per_worker * study.resources.most_workers
        self._gpu_s = self._gpus * sum(s for entry in entries for s in entry.seconds)
        self.reason = ""
        """Why nothing more begins; empty while something may."""

    def began(self) -> None:
        """An arm begins: it may run all of its replicates."""
        self._runs += self._seeds

    def ended(self, seconds: float, replicates: int) -> None:
        """An arm that ran for `seconds` has ended after so many replicates."""
        self._gpu_s += self._gpus * seconds
        self._runs -= max(0, self._seeds - replicates)

    def may_begin(self) -> bool:
        """False from the first reason on."""
        self.reason = self.reason or self._found()
        return not self.reason

    def _found(self) -> str:
        budget, hours = self._budget, (time.monotonic() - self._began) / 3600
        if self._is_stopped():
            return "somebody asked for it (frlib study stop)"
        if budget.hours and hours > budget.hours:
            return f"budget.hours={budget.hours:g} is spent"
        if budget.gpu_hours and self._gpu_s / 3600 > budget.gpu_hours:
            return f"budget.gpu_hours={budget.gpu_hours:g} is spent"
        if budget.runs and self._runs >= budget.runs:
            return f"budget.runs={budget.runs} is spent"
        return ""
