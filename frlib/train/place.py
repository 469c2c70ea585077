"""Where a run happens: its device and its data-parallel group. Changes no result."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from frlib.parallel.collectives import SINGLE, Group


def stays() -> str:
    """The notice of a machine that nobody takes away."""
    return ""


@dataclass(frozen=True)
class Place:
    """One worker's view of the machine.

    notice: why this worker is to leave it, empty while it may stay; cheap to ask.
    """

    device: torch.device
    group: Group = SINGLE
    notice: Callable[[], str] = stays

    @property
    def is_first(self) -> bool:
        """Whether this worker evaluates, writes records and saves checkpoints."""
        return self.group.rank == 0

    def told(self, value: float | None) -> float:
        """The first worker's value on every worker, also if it is not a number."""
        is_nan = value is not None and math.isnan(value)
        own = -math.inf if value is None or is_nan or not self.is_first else value
        sent = torch.tensor(
            [own, float(is_nan and self.is_first)], dtype=torch.float64, device=self.device
        )
        found, was_nan = self.group.max(sent).tolist()
        return math.nan if was_nan else float(found)


def here(*, use_gpu: bool) -> Place:
    """This process alone, on its first GPU or on the CPU."""
    return Place(torch.device("cuda" if use_gpu else "cpu"))
