"""Successive halving among the arms of a cell, over epochs and then replicates, with its reasons.

Asynchronous, as in Li et al., A System for Massively Parallel Hyperparameter Tuning (MLSys 2020),
algorithm 2 in the stopping form: at a rung an arm is compared with the arms of its cell that have
reached the same rung, and goes on if it ranks within the best 1/eta of them (itself included).
"""

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

    def enter(self, cell: str, arm: str, values: Mapping[int, float]) -> None:
        """Put back what an arm on record showed at its rungs."""
        for rung, value in values.items():
            self._reached[cell, rung][arm] = value

    def shown_at(self, cell: str, arm: str) -> dict[int, float]:
        """What an arm showed at the rungs it has reached."""
        return {
            r: self._reached[cell, r][arm] for r in self._rungs if arm in self._reached[cell, r]
        }

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
        """Enter `value` at every rung newly reached; the first rung that stops the arm, if any."""
        for rung in self._rungs:
            entered = self._reached[cell, rung]
            if rung > step or arm in entered:
                continue
            entered[arm] = value
            ranked = sorted((self._sign * v for v in entered.values()), reverse=True)
            keep = max(1, len(ranked) // self._eta)
            rank = ranked.index(self._sign * value) + 1
            if rank > keep and not protected:
                cutoff = self._sign * ranked[keep - 1]
                self.stops[arm] = Stop(rung, value, cutoff, rank, len(ranked))
                return self.stops[arm]
        return None
