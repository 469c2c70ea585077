"""An epoch's order cut into steps, and steps into workers: who gets what when."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import ConfigError, DataError

LastBatch = Literal["drop", "fill"]


@dataclass(frozen=True)
class Plan:
    """`num_draws` draws in steps of `batch_size`, each cut into equal slices for `world` workers.

    pieces: that a step is done in. Each is a run of the order, and is cut into slices by itself, so
    that what is passed together does not depend on the number of workers.

    last_batch: what becomes of draws that make no whole batch; `drop` leaves them out (the next
    epoch has another order), `fill` completes the batch from the start of the same epoch's order.
    `ConfigError` for a batch that does not divide, `DataError` where `drop` leaves no batch.
    """

    num_draws: int
    batch_size: int
    world: int = 1
    last_batch: LastBatch = "drop"
    pieces: int = 1

    def __post_init__(self) -> None:
        if self.batch_size % self.world:
            raise ConfigError(
                f"batch_size={self.batch_size} does not divide into {self.world} workers"
            )
        if self.share % self.pieces:
            raise ConfigError(
                f"accumulate={self.pieces} does not divide the {self.share} images that each of "
                f"{self.world} workers has of batch_size={self.batch_size}"
            )
        if not self.steps:
            raise DataError(
                f"batch_size={self.batch_size}, but only {self.num_draws} training images are "
                "left; lower batch_size or data.min_images, or set last_batch=fill"
            )

    @property
    def steps(self) -> int:
        """Steps in an epoch, the same for every worker."""
        whole, rest = divmod(self.num_draws, self.batch_size)
        return whole + (self.last_batch == "fill" and rest > 0)

    @property
    def share(self) -> int:
        """Samples in a step for one worker."""
        return self.batch_size // self.world

    def places(self, step: int, rank: int) -> NDArray[np.int64]:
        """`[share]` places in the epoch's order that a worker gets in a step (both 0-based).

        Piece after piece.
        """
        all_pws = np.arange(self.batch_size).reshape(self.pieces, self.world, -1)
        return (step * self.batch_size + all_pws[:, rank].ravel()) % self.num_draws
