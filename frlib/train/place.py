"""Where a run happens: its device and its data-parallel group. Changes no result."""

from dataclasses import dataclass

import torch

from frlib.parallel.collectives import SINGLE, Group


@dataclass(frozen=True)
class Place:
    """One worker's view of the machine."""

    device: torch.device
    group: Group = SINGLE

    @property
    def is_first(self) -> bool:
        """Whether this worker evaluates, writes records and saves checkpoints."""
        return self.group.rank == 0


def here(*, use_gpu: bool) -> Place:
    """This process alone, on its first GPU or on the CPU."""
    return Place(torch.device("cuda" if use_gpu else "cpu"))
