"""Pixels, labels and tasks without files."""

import numpy as np

from frlib.core.seeds import stream
from frlib.data.augment import Augment
from frlib.data.loading.plan import Plan
from frlib.data.loading.tasks import Tasks
from frlib.data.pixels.batches import Pixels
from frlib.data.pixels.decoded import Decoded

COUNT, SIZE = 50, 16
LABELS = np.arange(COUNT) % 7


def images() -> np.ndarray:
    return stream(0, "test").integers(0, 256, (COUNT, SIZE, SIZE, 3), dtype=np.uint8)


def pixels() -> Pixels:
    return Pixels(SIZE, (Decoded(images()),), np.zeros(COUNT, np.int16), np.arange(COUNT))


def tasks(batch: int = 8, world: int = 1, rank: int = 0, sampling: str = "instance") -> Tasks:
    plan = Plan(COUNT, batch, world, "fill")
    return Tasks(LABELS, plan, sampling, Augment(crop=2, contrast=0.1), seed=5, rank=rank)
