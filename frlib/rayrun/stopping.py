"""Ray Tune's scheduler: asks the rule of an arm's cell after every epoch, and keeps its word."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from frlib.pruning import Past, Rule, Seen, Stop
from frlib.rayrun.failures import Failures
from frlib.rayrun.unpickled import DriverOnly
from frlib.study.search import Limits

LIMIT = "limit"


class Stopping(DriverOnly, FIFOScheduler):
    """Configs of trials hold `arm`, `cell`, `default`, and epochs that a child `inherits`; results
    hold `step`, `value`, `finals`, `params`.

    rules: by cell. told: hears of every stop, once, before the trial ends. is_ending: whether all
    arms are to end at their next epoch, for a later run to go on with them. failures: hears of
    trials that failed, before the searcher does.
    """

    def __init__(
        self,
        rules: Mapping[str, Rule],
        limits: Limits,
        told: Callable[[Mapping[str, Any], Stop], None],
        is_ending: Callable[[], bool] = lambda: False,
        failures: Failures | None = None,
    ) -> None:
        super().__init__()
        self._rules, self._limits = rules, limits
        self._told, self._is_ending, self._failures = told, is_ending, failures
        self.stops: dict[str, Stop] = {}

    def enter(self, past: Past) -> None:
        """Put back what an arm on record showed."""
        self._rules[past.cell].enter(past)

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """STOP where the rule or a limit says so."""
        if "epoch" not in result:
            return TrialScheduler.CONTINUE
        stop = self._late(trial.config, result) or self._judged(trial.config, result)
        if stop is not None:
            self.stops[trial.config["arm"]] = stop
            self._told(trial.config, stop)
        ends = stop is not None or self._is_ending()
        return TrialScheduler.STOP if ends else TrialScheduler.CONTINUE

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Note why."""
        if self._failures is not None:
            self._failures.note(trial)

    def excess(self, result: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
        """By how much the limits were broken."""
        if not self._limits.seconds or "foreseen_s" not in result:
            return ()
        return (("seconds", float(result["foreseen_s"]) - self._limits.seconds),)

    def _judged(self, config: Mapping[str, Any], result: Mapping[str, Any]) -> Stop | None:
        if int(result["step"]) <= config["inherits"]:
            return None
        return self._rules[config["cell"]].judge(
            Seen(
                arm=config["arm"],
                cell=config["cell"],
                step=int(result["step"]),
                value=float(result["value"]),
                finals=tuple(result["finals"]),
                protected=bool(config["default"]),
                params=json.loads(result["params"]),
            )
        )

    def _late(self, config: Mapping[str, Any], result: Mapping[str, Any]) -> Stop | None:
        over = dict(self.excess(result))
        if over.get("seconds", 0.0) <= 0:
            return None
        limit = self._limits.seconds
        return Stop(
            rule=LIMIT,
            rung=int(result["step"]),
            value=float(result["value"]),
            cutoff=limit,
            n=1,
            message=f"limit: a run takes {limit + over['seconds']:.3g} s here, "
            f"search.limits.seconds={limit:g}",
        )
