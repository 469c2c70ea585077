"""Gives back the placement group of a Ray Train run whose trial has ended.

Tune ends a stopped trial's actor but not the worker group it started; Ray's own cleaner needs the
dashboard. Workers report their group's id, and the driver removes the group by itself.
"""

from typing import Any

from ray import tune
from ray._raylet import PlacementGroupID
from ray.util.placement_group import PlacementGroup, remove_placement_group

GROUP_KEY = "placement_group"


class ReleaseWorkers(tune.Callback):
    """Tune callback; a trial without workers has no group and nothing happens."""

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """Release after a normal or early end."""
        self._release(trial)

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """Release after a failure."""
        self._release(trial)

    def _release(self, trial: Any) -> None:
        group = (trial.last_result or {}).get(GROUP_KEY)
        if group:
            remove_placement_group(PlacementGroup(PlacementGroupID(bytes.fromhex(group))))
