"""Random changes to training images: which, and the draws that decide them. No torch here.

An image is cropped, then mirrored, then recoloured; `frlib.train.augment` does it on whole batches.
Every draw is a function of (seed, epoch, number), whatever the batch, the worker or the device.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frlib.core import config
from frlib.core.config import setting
from frlib.core.seeds import stream


class Augment(config.Config):
    """What is changed; 0 and false change nothing."""

    flip: bool = setting(True, doc="mirror half of the training images")
    crop: int = setting(
        0,
        ge=0,
        le=64,
        unit="pixels",
        doc="shift by up to so many pixels each way; what comes in repeats the border",
    )
    brightness: float = setting(0.0, ge=0, le=1, doc="factor within 1 ± this")
    contrast: float = setting(0.0, ge=0, le=1, doc="factor within 1 ± this, about the mean grey")
    saturation: float = setting(0.0, ge=0, le=1, doc="factor within 1 ± this, about each grey")

    @property
    def recolours(self) -> bool:
        """Whether colours are changed at all."""
        return bool(self.brightness or self.contrast or self.saturation)


@dataclass(frozen=True, eq=False)
class Draws:
    """What is done to n images.

    flip: `[n]` whether mirrored. shift: `[n, 2]` int64, down and right, that the window moves by,
    or None. colour: `[n, 3]` float32 factors of brightness, contrast, saturation, or None.
    """

    flip: NDArray[np.bool_]
    shift: NDArray[np.int64] | None = None
    colour: NDArray[np.float32] | None = None

    def take(self, numbers: NDArray[np.int64] | slice) -> "Draws":
        """Those with these numbers."""
        return Draws(
            self.flip[numbers],
            None if self.shift is None else self.shift[numbers],
            None if self.colour is None else self.colour[numbers],
        )


def draws(augment: Augment, count: int, seed: int, epoch: int) -> Draws:
    """The `count` draws of an epoch (0-based)."""
    flip = np.zeros(count, dtype=bool)
    if augment.flip:
        flip = stream(seed, "flip", epoch).random(count) < 0.5
    shift = colour = None
    if augment.crop:
        shift = stream(seed, "crop", epoch).integers(-augment.crop, augment.crop + 1, (count, 2))
    if augment.recolours:
        most = np.array([augment.brightness, augment.contrast, augment.saturation], np.float32)
        spread = 2 * stream(seed, "colour", epoch).random((count, 3), dtype=np.float32) - 1
        colour = 1 + most * spread
    return Draws(flip, shift, colour)
