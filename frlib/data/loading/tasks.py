"""What one worker gets in each step of an epoch, before any pixel is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from frlib.data.augment import Augment, Draws, draws
from frlib.data.loading.order import Sampling, epoch_order
from frlib.data.loading.plan import Plan


@dataclass(frozen=True, eq=False)
class Task:
    """A batch without its pixels; see `frlib.data.loading.batch.Batch`."""

    step: int
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    draws: Draws


class Source(Protocol):
    """What a loader asks for its tasks."""

    @property
    def share(self) -> int:
        """Samples in a task."""
        ...

    def of(self, epoch: int, first_step: int = 0) -> Iterator[Task]:
        """The tasks of an epoch (0-based) from a step on."""
        ...


@dataclass(frozen=True, eq=False)
class Tasks:
    """An epoch's order, cut by the plan, for one worker. labels: `[N]` of all training rows."""

    labels: NDArray[np.int64]
    plan: Plan
    sampling: Sampling
    augment: Augment
    seed: int
    rank: int = 0

    @property
    def share(self) -> int:
        """Samples in a task."""
        return self.plan.share

    def of(self, epoch: int, first_step: int = 0) -> Iterator[Task]:
        """The tasks of an epoch (0-based) from a step on: the same tail wherever it begins."""
        order = epoch_order(self.sampling, self.labels, self.seed, epoch)
        changes = draws(self.augment, len(order.rows), self.seed, epoch)
        for step in range(first_step, self.plan.steps):
            places = self.plan.places(step, self.rank)
            rows = order.rows[places]
            yield Task(step, rows, self.labels[rows], changes.take(order.draws[places]))
