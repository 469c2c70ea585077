"""Writes each arm's verdict beside its records and tells the watcher; runs in the driver."""

import math
from pathlib import Path
from typing import Any

from ray import tune

from frlib.core import safeio
from frlib.rayrun.halving import Halving
from frlib.rayrun.unpickled import DriverOnly
from frlib.records import layout
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
        if stop is not None:
            verdict = {
                "status": "stopped",
                "rule": "halving",
                "rung": stop.rung,
                "value": stop.value,
                "cutoff": stop.cutoff,
                "n": stop.n,
                "message": stop.message,
            }
        else:
            value = float(result.get("value", math.nan))
            verdict = {
                "status": result.get("status") or "failed",
                "rule": "",
                "rung": None,
                "value": value if math.isfinite(value) else None,
                "cutoff": None,
                "n": None,
                "message": result.get("message", ""),
            }
        self._write(trial, verdict | {"step": int(result.get("step", 0))})

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """An arm has used up its restarts."""
        lines = (trial.get_error().__cause__ or trial.get_error()) if trial.get_error() else ""
        message = str(lines).strip().splitlines()[-1] if str(lines).strip() else "worker died"
        self._write(
            trial,
            {
                "status": "failed",
                "rule": "",
                "rung": None,
                "value": None,
                "cutoff": None,
                "n": None,
                "message": message,
                "step": 0,
            },
        )

    def _write(self, trial: Any, verdict: dict[str, Any]) -> None:
        c = trial.config
        path = layout.arm_folder(self._folder, c["arm"]) / "verdict.json"
        reached = self._scheduler.shown_at(c["cell"], c["arm"])
        safeio.write_json(path, verdict | {"rungs": {str(r): v for r, v in reached.items()}})
        value = verdict["value"]
        self._watcher.ended(
            c["arm"],
            c["shown"],
            verdict["status"],
            verdict["message"],
            math.nan if value is None else value,
        )
