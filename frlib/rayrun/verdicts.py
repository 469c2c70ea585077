"""Writes each arm's verdict beside its records and tells the watcher; runs in the driver.

A verdict is written once, when the arm is over, and says why. An arm without one is taken up again
by the next run.
"""

import logging
import math
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ray import tune

from frlib.core import published
from frlib.pruning import Stop
from frlib.rayrun.budget import Spending
from frlib.rayrun.failures import Failures
from frlib.rayrun.stopping import LIMIT, Stopping
from frlib.rayrun.unpickled import DriverOnly
from frlib.records import declare, layout
from frlib.study.arms import Arm
from frlib.study.watch import Watcher

log = logging.getLogger(__name__)
_NONE: dict[str, Any] = {"rule": "", "rung": None, "cutoff": None, "n": None}


class Verdicts:
    """Of the arms of one study."""

    def __init__(self, study_folder: Path, metric: str, watcher: Watcher) -> None:
        self._folder, self._metric, self._watcher = study_folder, metric, watcher

    def is_ending(self) -> bool:
        """Whether somebody asked the study to stop."""
        return self._watcher.stopping()

    def began(self, arm: Arm) -> None:
        """An arm starts, or goes on."""
        self._watcher.began(arm.digest, arm.cell.shown, arm.params)

    def epoch(self, order: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Pass an epoch on."""
        step, value = int(result["step"]), float(result["value"])
        self._watcher.epoch(order["arm"], order["shown"], step, value, result["seed"])

    def ended(
        self,
        order: Mapping[str, Any],
        result: Mapping[str, Any],
        stop: Stop | None,
        excess: Iterable[tuple[str, float]],
    ) -> None:
        """An arm has ended by itself, or was stopped by a rule."""
        limits = {"excess": dict(excess)} if excess else {}
        if stop is not None:
            why = {"rule": stop.rule, "rung": stop.rung, "cutoff": stop.cutoff, "n": stop.n}
            child = {"child": stop.child.parent} if stop.child else {}
            found = why | child | limits
            self._end(order, "stopped", stop.message, stop.value, stop.rung, found)
            return
        status = str(result.get("status") or "unfinished")
        step = int(result.get("step", 0))
        message = str(result.get("message", ""))
        self._end(order, status, message, result.get("value"), step, limits)

    def crashed(self, order: Mapping[str, Any], message: str) -> None:
        """An arm has used up its restarts; it has no verdict."""
        self._end(order, "unfinished", message, None, 0, {})

    def refused(self, arm: Arm, excess: Iterable[tuple[str, float]]) -> None:
        """An arm that is on record and was not started, since it would break a limit."""
        over = ", ".join(f"{name} by {value:.3g}" for name, value in excess if value > 0)
        message = f"{LIMIT}: not started, it would exceed search.limits: {over}"
        order = {"arm": arm.digest, "shown": arm.cell.shown}
        self._end(order, "stopped", message, None, 0, {"rule": LIMIT, "excess": dict(excess)})

    def _end(
        self,
        order: Mapping[str, Any],
        status: str,
        message: str,
        value: float | None,
        step: int,
        why: Mapping[str, Any],
    ) -> None:
        finite = value is not None and math.isfinite(value)
        if status != "unfinished":
            verdict = {
                "status": status,
                "message": message,
                "metric": self._metric,
                "value": value if finite else None,
                "step": step,
            }
            declare.write_verdict(self._folder, order["arm"], {**_NONE, **why, **verdict})
            for leftover in layout.arm_folder(self._folder, order["arm"]).glob("r*/checkpoints"):
                shutil.rmtree(leftover, ignore_errors=True)
            for seed in order.get("seeds", ()) if status != "complete" else ():
                replicate = layout.arm_folder(self._folder, order["arm"]) / f"r{seed}"
                published.gone(replicate / "checkpoints", is_folder=True)
        shown = float(value) if value is not None and finite else math.nan
        self._watcher.ended(order["arm"], order["shown"], status, message, shown)


class Tell(DriverOnly, tune.Callback):
    """Tune's callback: passes what trials do on to verdicts and budget."""

    def __init__(
        self, verdicts: Verdicts, spending: Spending, stopping: Stopping, failures: Failures
    ) -> None:
        self._verdicts, self._spending = verdicts, spending
        self._stopping, self._failures = stopping, failures

    def on_trial_start(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """Its clock starts."""
        self._spending.started(trial.trial_id)

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Pass an epoch on."""
        if result.get("status") == "" and "epoch" in result:
            self._verdicts.epoch(trial.config, result)

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """The verdict."""
        result = trial.last_result or {}
        stop = self._stopping.stops.get(trial.config["arm"])
        self._spending.ended(trial.trial_id, _replicates(trial.config, result))
        self._verdicts.ended(trial.config, result, stop, self._stopping.excess(result))

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """No verdict: it goes on in another trial, or waits for the next run."""
        arm = trial.config["arm"]
        again, message = self._failures.again(arm), self._failures.message(arm)
        last = {**(trial.last_result or {}), "status": "unfinished"}
        begun = len(trial.config["seeds"]) if again else _replicates(trial.config, last)
        self._spending.ended(trial.trial_id, begun)
        if again:
            log.warning("arm %s goes on from its last checkpoint: %s", arm, message)
        else:
            self._verdicts.crashed(trial.config, message)


def _replicates(order: Mapping[str, Any], last: Mapping[str, Any]) -> int:
    """How many an arm has begun: those that are done, and the one inside which it ended."""
    done = len(last.get("finals", ()))
    is_inside = int(last.get("step", 0)) > done * int(order["config"]["epochs"])
    return done + (is_inside or last.get("status") in ("failed", "unfinished"))
