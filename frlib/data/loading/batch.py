"""A batch on its way to the trainer, and what every loader offers."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from frlib.data.augment import Draws


@dataclass(frozen=True, eq=False)
class Batch:
    """One worker's share of one step: b samples.

    step: in the epoch, from 0. rows: `[b]` in the manifest. images: `[b, S, S, 3]` uint8 RGB, a
    numpy array, or a CUDA tensor where they were decoded on the device; its memory is used again
    once the next batch is asked for. labels: `[b]` as given. draws: how to change each image.
    """

    step: int
    rows: NDArray[np.int64]
    images: Any
    labels: NDArray[np.int64]
    draws: Draws


class Batches(Protocol):
    """A loader: the batches of one worker, epoch by epoch."""

    def batches(self, epoch: int, first_step: int = 0) -> Generator[Batch, None, None]:
        """The batches of an epoch (0-based) from a step on, in order.

        Close the iterator (or exhaust it) before the next one is begun.
        """
