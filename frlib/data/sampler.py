"""Which sample comes when, and which is mirrored: functions of (seed, epoch), per sample.

Neither depends on the batch size, the number of workers or the point a run was resumed at.
"""

import numpy as np
from numpy.typing import NDArray

from frlib.core.seeds import stream


def epoch_order(num_samples: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """`[N]` a permutation of the samples, fresh for every epoch (0-based)."""
    return stream(seed, "order", epoch).permutation(num_samples)


def flip_mask(num_samples: int, seed: int, epoch: int) -> NDArray[np.bool_]:
    """`[N]` whether sample i (a row, not a place in the order) is mirrored in this epoch."""
    return stream(seed, "flip", epoch).random(num_samples) < 0.5
