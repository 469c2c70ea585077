"""The end of a study whose last arms wait for room: without it they would wait for ever.

Arms that run end at their next result (`frlib.rayrun.stopping`). An arm that has no room yet gives
no result; once none runs, Ray Tune is told to end as it is, and the arm goes on another time.
"""

from collections.abc import Callable
from typing import Any

from ray import tune

from frlib.rayrun.unpickled import DriverOnly


class Ending(DriverOnly, tune.Stopper):
    """is_ending: whether all arms are to end. is_running: whether one has its resources."""

    def __init__(self, is_ending: Callable[[], bool], is_running: Callable[[], bool]) -> None:
        self._is_ending, self._is_running = is_ending, is_running

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Single trials are the scheduler's."""
        return False

    def stop_all(self) -> bool:
        """Asked several times a second."""
        return not self._is_running() and self._is_ending()
