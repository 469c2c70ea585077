"""Of what a trial failed, and whether its arm is run again: from its checkpoint, in another trial.

node    its node is gone, or about to go: nothing the run did, so `max_failures` does not count it
memory  its process was ended because the node's memory was full
crash   anything else that no module of ours raised on purpose

Ray tells the first two in words alone.
"""

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from frlib.core.errors import NodeLostError
from frlib.rayrun.unpickled import DriverOnly

log = logging.getLogger(__name__)
Cause = Literal["node", "memory", "crash"]

_NODE = (
    "because its node has died",
    "The actor is temporarily unavailable",
    f"{NodeLostError.__name__}:",
)
_MEMORY = "due to the node running low on memory"
_LOST_IN_A_ROW = 10


def cause(error: str) -> Cause:
    """What the text of a trial's error tells of."""
    if any(words in error for words in _NODE):
        return "node"
    return "memory" if _MEMORY in error else "crash"


class Failures(DriverOnly):
    """Of the arms of one call of run.

    most: how often an arm is run again after crashes. A node may be lost any number of times, but
    not more than ten times before the arm has done another epoch: then the arm is to blame.
    goes_on: false once no arm is to be run any more.
    """

    def __init__(self, most: int, goes_on: Callable[[], bool] = lambda: True) -> None:
        self._most, self._goes_on = most, goes_on
        self._crashes: Counter[str] = Counter()
        self._lost: dict[str, tuple[int, int]] = {}
        self._last: dict[str, tuple[Cause, str]] = {}

    def note(self, trial: Any) -> None:
        """A trial of Tune has failed."""
        arm, error = str(trial.config["arm"]), _told(trial)
        found = cause(error)
        self._last[arm] = found, error
        if found == "crash":
            log.error("arm %s: its trial has crashed:\n%s", arm, error)
        if found != "node":
            self._crashes[arm] += 1
            return
        step = int((trial.last_result or {}).get("step", 0))
        before, count = self._lost.get(arm, (step, 0))
        self._lost[arm] = step, count + 1 if step <= before else 1

    def again(self, arm: str) -> bool:
        """Whether an arm that has failed is run again."""
        lost = self._lost.get(arm, (0, 0))[1]
        return self._goes_on() and self._crashes[arm] <= self._most and lost <= _LOST_IN_A_ROW

    def message(self, arm: str) -> str:
        """What it failed of the last time, and what to do about it."""
        found, error = self._last[arm]
        lines = error.strip().splitlines() or ["its process died"]
        if found == "node":
            count = self._lost[arm][1]
            more = f"; {count} nodes lost in a row, no epoch done between" if count > 1 else ""
            return f"its node was lost ({lines[-1].strip()}){more}"
        if found == "crash":
            return lines[-1]
        times = self._crashes[arm]
        return (
            f"MemoryError: the arm needs more memory than its node had left: ended {times} times. "
            "Let fewer runs share a node (resources.memory_gib_per_worker, or cpus_per_worker), or "
            "lower batch_size or data.cache_gib; then run the same command again"
        )


def _told(trial: Any) -> str:
    """The error of this failure; trials of one arm write theirs one below the other."""
    path = trial.error_file
    text = Path(path).read_text(errors="replace") if path and Path(path).is_file() else ""
    return text.rpartition("Failure # ")[2].partition("\n")[2]
