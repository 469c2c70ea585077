"""Writes each arm's verdict beside its records and tells the watcher; runs in the driver."""

import math
import shutil
from pathlib import Path
from typing import Any

from ray import tune

from frlib.rayrun.halving import Halving
from frlib.rayrun.unpickled import DriverOnly
from frlib.records import declare, layout
from frlib.study.watch import Watcher


class WriteVerdicts(DriverOnly, tune.Callback):
    """Tune callback. A verdict is written once, when the trial is over, and says why."""

    def __init__(self, study_folder: Path, scheduler: Halving, watcher: Watcher) -> None:
        self._folder = study_folder
        self._scheduler = scheduler
        self._watcher = watcher

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Pass an epoch on."""
        if result.get("status") == "" and "epoch" in result:
            c = trial.config
            self._watcher.epoch(
                c["arm"], c["shown"], int(result["step"]), float(result["value"]), result["seed"]
            )

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """An arm has ended by itself or was stopped at a rung."""
        result = trial.last_result or {}
        stop = self._scheduler.stops.get(trial.config["arm"])
        if stop is None:
            status = str(result.get("status") or "unfinished")
            self._end(trial, status, str(result.get("message", "")), result.get("value"), {})
            return
        why = {"rule": "halving", "rung": stop.rung, "cutoff": stop.cutoff, "n": stop.n}
        self._end(trial, "stopped", stop.message, stop.value, why)

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """An arm has used up its restarts; it has no verdict, so the next run takes it up again."""
        lines = str(trial.get_error() or "").strip().splitlines() or ["its process died"]
        self._end(trial, "unfinished", lines[-1], None, {})

    def _end(
        self, trial: Any, status: str, message: str, value: float | None, why: dict[str, Any]
    ) -> None:
        c = trial.config
        finite = value is not None and math.isfinite(value)
        if status != "unfinished":
            blank = {"rule": "", "rung": None, "cutoff": None, "n": None}
            verdict = {
                "status": status,
                "message": message,
                "metric": c["metric"],
                "value": value if finite else None,
                "step": int((trial.last_result or {}).get("step", 0)),
            }
            declare.write_verdict(self._folder, c["arm"], blank | why | verdict)
            for leftover in layout.arm_folder(self._folder, c["arm"]).glob("r*/checkpoints"):
                shutil.rmtree(leftover, ignore_errors=True)
        shown = float(value) if value is not None and finite else math.nan
        self._watcher.ended(c["arm"], c["shown"], status, message, shown)
