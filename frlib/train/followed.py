"""The loss of every training sample in every epoch, kept while a run trains.

`[E, N]` float16, for E epochs and N samples: NaN where a sample was not trained on in an epoch
(random draws, batches left out), the largest where it was drawn several times. Values are taken
where they are computed; nothing waits for the device before the end of an epoch.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from frlib.core import safeio
from frlib.parallel.collectives import Group

FILE = "losses.npy"
_UNSEEN = -torch.inf


class Followed:
    """Of one worker; after `settle` all of them hold all values so far."""

    def __init__(self, epochs: int, samples: int, device: torch.device) -> None:
        self._now = torch.full((samples,), _UNSEEN, device=device)
        self._past = torch.full((epochs, samples), torch.nan, dtype=torch.float16)

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint keeps, filled in place."""
        return {"now": self._now, "past": self._past}

    def add(self, seen: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Samples `[b]` and their losses `[b]`, of the pieces of a step."""
        for samples_B, losses_B in seen:
            self._now.scatter_reduce_(0, samples_B, losses_B.to(self._now), "amax")

    def settle(self, group: Group) -> None:
        """Take over what other workers saw. Every worker calls this."""
        self._now.copy_(group.max(self._now))

    def close(self, epoch: int) -> None:
        """The epoch is over, and settled."""
        row = self._now.cpu()
        self._past[epoch] = row.masked_fill(row == _UNSEEN, torch.nan).half()
        self._now.fill_(_UNSEEN)

    def write(self, folder: Path) -> None:
        """Into a folder, whole or not at all."""
        with safeio.atomic(folder / FILE) as aside, aside.open("wb") as file:
            np.save(file, self._past.numpy())
