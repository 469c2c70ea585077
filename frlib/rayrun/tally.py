"""Turns rows of replicates into results of an arm, as scheduler and searcher read them.

step        epochs over all replicates in turn
value       the selection metric, mean over the finished replicates and the running one
finals      its last value in every finished replicate, the one that ends here included
params      values of the searched fields, as they are in this epoch, as JSON (Tune flattens)
foreseen_s  seconds that this replicate takes, from its epochs so far
others      further objectives, mean over the finished replicates
status      empty while the arm goes on, else how it ended
"""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from frlib.core.config import canonical
from frlib.core.space import Scalar
from frlib.rayrun.release import GROUP_KEY


class Tally:
    """metric, objectives: names in the rows. changes: (epoch, values from then on) of a course.

    waits: whether a replicate first waits for its workers; its time is foreseen from its first row.
    """

    def __init__(
        self,
        metric: str,
        epochs: int,
        *,
        objectives: Sequence[str] = (),
        params: Mapping[str, Scalar] | None = None,
        changes: Sequence[tuple[int, Mapping[str, Scalar]]] = (),
        waits: bool = False,
    ) -> None:
        self._metric, self._objectives, self._epochs = metric, tuple(objectives), epochs
        self._params, self._changes, self._waits = dict(params or {}), tuple(changes), waits
        self._values: list[float] = []
        self._costs: list[tuple[float, ...]] = []
        self._latest = math.nan
        self._epoch = 0
        self._tag: dict[str, Any] = {}
        self._began = (time.monotonic(), 0)
        self.is_short = False
        """Whether the replicate that was closed last ran here and ended before its last epoch."""

    def begin(self) -> None:
        """A replicate is about to run here."""
        self._began, self._epoch = (time.monotonic(), 0), 0

    def result(self, seed: int, row: Mapping[str, Any]) -> dict[str, Any]:
        """One more epoch of a replicate; `epoch` of the row counts from 1."""
        self._latest = float(row.get(self._metric, self._latest))
        self._tag = {k: row[k] for k in (GROUP_KEY,) if k in row} or self._tag
        is_first, self._epoch = not self._epoch, int(row["epoch"])
        ending = [self._latest] if self._epoch == self._epochs else []
        if is_first and (self._waits or self._epoch > 1):
            self._began = (time.monotonic(), self._epoch)
        return {
            "step": len(self._values) * self._epochs + self._epoch,
            "value": _mean([*self._values, self._latest]),
            "finals": [*self._values, *ending],
            "params": canonical(self._current()),
            "seed": seed,
            "epoch": self._epoch,
            "status": "",
            **self._foreseen(),
            **self._tag,
        }

    def whole(self, seed: int) -> dict[str, Any]:
        """What a replicate that ended early is at the end of all its epochs: as it was."""
        return {
            **self.end(""),
            "params": canonical(self._current()),
            "seed": seed,
            "epoch": self._epochs,
            **self._tag,
        }

    def close(self, metrics: Mapping[str, float]) -> None:
        """A replicate is complete, perhaps before its last epoch."""
        self._values.append(float(metrics.get(self._metric, math.nan)))
        self._costs.append(tuple(float(metrics.get(n, math.nan)) for n in self._objectives))
        self.is_short, self._epoch = 0 < self._epoch < self._epochs, 0

    def end(self, status: str, message: str = "") -> dict[str, Any]:
        """The arm's last result."""
        return {
            "step": len(self._values) * self._epochs,
            "value": _mean(self._values),
            "finals": list(self._values),
            "others": [_mean(column) for column in zip(*self._costs, strict=True)],
            "status": status,
            "message": message,
        }

    def _current(self) -> dict[str, Scalar]:
        params = dict(self._params)
        for epoch, values in self._changes:
            if epoch < max(1, self._epoch):
                params |= {path: v for path, v in values.items() if path in params}
        return params

    def _foreseen(self) -> dict[str, float]:
        began, first = self._began
        done = self._epoch - first
        return {"foreseen_s": (time.monotonic() - began) / done * self._epochs} if done else {}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan
