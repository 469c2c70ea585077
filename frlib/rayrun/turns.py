"""Whose turn it is on a shared cluster: a study of lower priority waits for one of higher priority.

Each driver writes a line into the cluster's own key-value store, which every driver of the cluster
sees and which needs no process: its study, its priority, and whether an arm of it waits for room. A
line that has not been renewed for half a minute is of a dead driver and counts no more.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ray import tune
from ray.exceptions import RayError

from frlib.rayrun.unpickled import DriverOnly

log = logging.getLogger(__name__)
_NAMESPACE, _PREFIX = "frlib", "turn-"
_RENEWED_S, _LOOK_S, _SILENT_S = 5.0, 1.0, 30.0


class Board(Protocol):
    """Lines that all drivers of a cluster see."""

    def put(self, key: str, line: str) -> None:
        """Write or replace one."""

    def lines(self) -> Mapping[str, str]:
        """All of them, by key."""

    def remove(self, key: str) -> None:
        """Without complaint where there is none."""


class ClusterBoard:
    """In the key-value store of the Ray cluster that is joined.

    While that does not answer (a head that is being restarted) it is an empty board: studies go on.
    """

    def put(self, key: str, line: str) -> None:
        """See `Board`."""
        self._ask(lambda kv: kv._internal_kv_put(_PREFIX + key, line, namespace=_NAMESPACE))

    def lines(self) -> Mapping[str, str]:
        """See `Board`."""
        keys = self._ask(lambda kv: kv._internal_kv_list(_PREFIX, namespace=_NAMESPACE)) or []
        found = {
            key.decode().removeprefix(_PREFIX): self._ask(
                lambda kv, key=key: kv._internal_kv_get(key, namespace=_NAMESPACE)
            )
            for key in keys
        }
        return {key: line.decode() for key, line in found.items() if line is not None}

    def remove(self, key: str) -> None:
        """See `Board`."""
        self._ask(lambda kv: kv._internal_kv_del(_PREFIX + key, namespace=_NAMESPACE))

    def _ask(self, what: Callable[..., Any]) -> Any:
        from ray.experimental import internal_kv

        try:
            return what(internal_kv)
        except RayError as error:
            log.info("the cluster's key-value store does not answer: %s", error)
            return None


class Turns(DriverOnly, tune.Callback):
    """Of one driver. key: its own among all drivers of the cluster.

    An arm waits for room from its proposal until its trial starts; one of several workers, which
    come after the trial, until its first epoch. As a callback of Tune it hears of both.
    """

    def __init__(
        self,
        board: Board,
        key: str,
        study: str,
        priority: int,
        *,
        in_process: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._board, self._key, self._study, self._priority = board, key, study, priority
        self._in_process, self._clock = in_process, clock
        self._waiting: set[str] = set()
        self._told = (False, -_SILENT_S)
        self._looked, self._ahead = -_SILENT_S, ""

    def proposed(self, arm: str) -> None:
        """An arm of this study waits for room from now on."""
        self._waiting.add(arm)
        self.renew()

    def is_due(self) -> bool:
        """False while a study of higher priority waits for room."""
        now = self._clock()
        if now - self._looked >= _LOOK_S:
            before, self._looked, self._ahead = self._ahead, now, self._look(now)
            if self._ahead != before:
                log.warning("%s: %s", self._study, self._ahead or "it is its turn again")
        return not self._ahead

    def renew(self) -> None:
        """Say how things are, if that is news or long ago; cheap enough for every step."""
        before, at = self._told
        now, is_waiting = self._clock(), bool(self._waiting)
        if is_waiting == before and now - at < _RENEWED_S:
            return
        self._told = (is_waiting, now)
        line = {
            "study": self._study,
            "priority": self._priority,
            "waiting": is_waiting,
            "beat": now,
        }
        self._board.put(self._key, json.dumps(line))

    def leave(self) -> None:
        """This driver begins nothing more."""
        self._board.remove(self._key)

    def on_step_end(self, iteration: int, trials: Any, **info: Any) -> None:
        """A turn of Tune's loop, several a second."""
        self.renew()

    def on_trial_start(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """It has what a trial holds."""
        if self._in_process:
            self._waiting.discard(trial.config["arm"])

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: Any, **info: Any
    ) -> None:
        """Its workers are there."""
        self._waiting.discard(trial.config["arm"])

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """It waits no more."""
        self._waiting.discard(trial.config["arm"])

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """It waits no more."""
        self._waiting.discard(trial.config["arm"])

    def _look(self, now: float) -> str:
        """Who is ahead, in words; empty for nobody."""
        lines = [json.loads(text) for key, text in self._board.lines().items() if key != self._key]
        ahead = [
            line
            for line in lines
            if line["waiting"]
            and line["priority"] > self._priority
            and now - line["beat"] <= _SILENT_S
        ]
        if not ahead:
            return ""
        first = max(ahead, key=lambda line: int(line["priority"]))
        return (
            f"no arm is begun while {first['study']} (resources.priority={first['priority']}, here "
            f"{self._priority}) waits for room"
        )
