"""Whether a further arm may begin: time, hours of CPUs and GPUs, runs, a request to stop."""

import time
from collections.abc import Callable

from frlib.records import spent
from frlib.study.plan import Plan

_FAR = 1.5
"""Running arms finish until so many times the hours are spent."""


class Spending:
    """Of one call of run. What earlier calls spent is counted from the records: of complete runs,
    and of attempts that were stopped, failed, crashed or killed.

    Arms that run now count from when their trial started. Time that earlier calls spent on stages
    alone is on no record and does not count.
    """

    def __init__(self, plan: Plan, is_stopped: Callable[[], bool] = lambda: False) -> None:
        study = plan.study
        self._budget, self._is_stopped = study.budget, is_stopped
        self._began = time.monotonic()
        self._seeds = len(study.replicates.seeds)
        entries = [entry for cell in plan.cells for entry in cell.entries.values()]
        self._known = {
            arm: len(e.complete_seeds) + len(e.open_seeds)
            for cell in plan.cells
            for arm, e in cell.entries.items()
        }
        self._runs = sum(self._known.values())
        workers = study.resources.most_workers
        self._cpus = study.resources.cpus_per_worker * workers
        self._gpus = study.resources.gpus_per_worker * workers
        self._over_s = sum(s for entry in entries for s in entry.seconds)
        if self._budget.cpu_hours or self._budget.gpu_hours:
            self._over_s += spent.lost(plan.folder)
        self._running: dict[str, float] = {}
        self.reason = ""
        """Why nothing more begins; empty while something may."""

    def began(self, arm: str) -> None:
        """An arm begins, or goes on: it may run all of its replicates."""
        self._runs += self._seeds - self._known.pop(arm, 0)

    def started(self, trial: str) -> None:
        """A trial has its resources, for the first time or after a crash."""
        self._running.setdefault(trial, time.monotonic())

    def is_running(self) -> bool:
        """Whether a trial has its resources."""
        return bool(self._running)

    def ended(self, trial: str, replicates: int) -> None:
        """A trial has ended after so many replicates."""
        now = time.monotonic()
        self._over_s += now - self._running.pop(trial, now)
        self._runs -= max(0, self._seeds - replicates)

    def may_begin(self) -> bool:
        """False from the first reason on."""
        self.reason = self.reason or self._found(1.0)
        return not self.reason

    def is_overspent(self) -> bool:
        """Whether so much is spent that running arms are to end as well, to go on another time."""
        found = self._over(_FAR)
        self.reason = self.reason or found
        return bool(found)

    def facts(self) -> dict[str, float]:
        """What is spent so far, by the names of the budget."""
        now = time.monotonic()
        held_h = (self._over_s + sum(now - began for began in self._running.values())) / 3600
        return {
            "hours": (now - self._began) / 3600,
            "cpu_hours": self._cpus * held_h,
            "gpu_hours": self._gpus * held_h,
            "runs": float(self._runs),
        }

    def _found(self, times: float) -> str:
        if self._is_stopped():
            return "somebody asked for it (frlib study stop)"
        if self._budget.runs and self._runs >= self._budget.runs:
            return f"budget.runs={self._budget.runs} is spent"
        return self._over(times)

    def _over(self, times: float) -> str:
        spent_so_far = self.facts()
        for name in ("hours", "cpu_hours", "gpu_hours"):
            limit = getattr(self._budget, name)
            if limit and spent_so_far[name] > times * limit:
                return f"budget.{name}={limit:g} is spent"
        return ""
