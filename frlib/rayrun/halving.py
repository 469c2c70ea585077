"""Successive halving among the arms of a cell, over epochs and then replicates, with its reasons.

Asynchronous, as in Li et al., A System for Massively Parallel Hyperparameter Tuning (MLSys 2020),
algorithm 2 in the stopping form: at a rung an arm is compared with the arms of its cell that have
reached the same rung, and goes on if it ranks within the best 1/eta of them (itself included).
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from frlib.study.schema import Pruning


@dataclass(frozen=True)
class Stop:
    """Why an arm was stopped: it ranked `rank` of `n` at `rung` epochs; `cutoff` was needed."""

    rung: int
    value: float
    cutoff: float
    rank: int
    n: int

    @property
    def message(self) -> str:
        """One sentence for the record."""
        return (
            f"halving: after {self.rung} epochs it ranked {self.rank} of {self.n} "
            f"({self.value:.4f}, needed {self.cutoff:.4f})"
        )


def rungs(pruning: Pruning, epochs: int, replicates: int) -> tuple[int, ...]:
    """Epoch counts (over all replicates of an arm) at which arms are compared."""
    if pruning.rule == "none":
        return ()
    inside, rung = [], pruning.first_epoch
    while rung < epochs:
        inside.append(rung)
        rung *= pruning.keep_one_in
    return (*inside, *(epochs * r for r in range(1, replicates)))


class Halving(FIFOScheduler):
    """Ray Tune scheduler; configs hold `arm`, `cell`, `default`, results `step` and `value`."""

    def __init__(self, rungs: Sequence[int], keep_one_in: int, mode: str) -> None:
        super().__init__()
        self._rungs = tuple(rungs)
        self._eta = keep_one_in
        self._sign = 1.0 if mode == "max" else -1.0
        self._reached: dict[tuple[str, int], dict[str, float]] = defaultdict(dict)
        self.stops: dict[str, Stop] = {}

    def enter(self, cell: str, arm: str, course: Mapping[int, float]) -> None:
        """Put back what an arm on record showed: its value after each number of epochs."""
        for rung in self._rungs:
            if rung in course:
                self._reached[cell, rung][arm] = course[rung]

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """STOP at the first rung where the trial is not among the best of its cell."""
        if "value" not in result:
            return TrialScheduler.CONTINUE
        stop = self.judge(
            trial.config["arm"],
            trial.config["cell"],
            int(result["step"]),
            float(result["value"]),
            protected=bool(trial.config["default"]),
        )
        return TrialScheduler.STOP if stop else TrialScheduler.CONTINUE

    def judge(
        self, arm: str, cell: str, step: int, value: float, *, protected: bool
    ) -> Stop | None:
        """Enter `value` if `step` is a rung, and say whether that stops the arm.

        Arms report every epoch. A resumed arm is not judged again at rungs it has passed: what it
        showed there is put back by `enter`. A value that is not a number ranks last.
        """
        if step not in self._rungs or arm in self._reached[cell, step]:
            return None
        entered = self._reached[cell, step]
        entered[arm] = value
        ranked = sorted((self._rank(v) for v in entered.values()), reverse=True)
        keep = max(1, len(ranked) // self._eta)
        rank = ranked.index(self._rank(value)) + 1
        if rank <= keep or protected:
            return None
        self.stops[arm] = Stop(step, value, self._sign * ranked[keep - 1], rank, len(ranked))
        return self.stops[arm]

    def _rank(self, value: float) -> float:
        return self._sign * value if math.isfinite(value) else -math.inf
