"""Whether a run has to leave its machine: all workers come to it after the same step.

A worker may be told alone and at any moment. They ask each other about once a second, after as many
steps as the slowest of them takes in that time; in between nothing is sent.
"""

import time
from collections.abc import Callable

import torch

from frlib.train.place import Place

_ASKED_S, _MOST_STEPS = 1.0, 1000


class Leaving:
    """Of one run; every worker calls it alike."""

    def __init__(self, place: Place, clock: Callable[[], float] = time.monotonic) -> None:
        self._place, self._clock = place, clock
        self._asked, self._steps, self._after = clock(), 0, 1

    def is_due(self, *, ask: bool = False) -> bool:
        """After a step. ask: at once, as before something that takes long."""
        self._steps += 1
        if not ask and self._steps < self._after:
            return False
        now = self._clock()
        own = torch.tensor(
            [float(bool(self._place.notice())), (now - self._asked) / self._steps],
            dtype=torch.float32,
            device=self._place.device,
        )
        told, seconds = self._place.group.max(own).tolist()
        self._asked, self._steps = now, 0
        self._after = max(1, min(_MOST_STEPS, int(_ASKED_S / max(seconds, 1e-9))))
        return bool(told)
