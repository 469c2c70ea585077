"""A tail beside the world of `worlds`: seven people with two images or more, and one with one."""

from typing import Any

import numpy as np

from frlib.core.seeds import stream
from frlib.data.manifest import Manifest
from frlib.data.pixels.batches import Pixels
from frlib.data.pixels.decoded import Decoded
from frlib.data.sources import parquet
from frlib.train.config import TrainConfig
from frlib.train.tail import Tail
from frlib.train.tail_feed import TailImages
from tests.unit.train.worlds import SIZE, config

SIZES = (5, 4, 3, 3, 2, 1, 2, 4)


def tail(**changes: Any) -> Tail:
    """Four people with two images in a step, of a bag of six, mined for every other step."""
    usual = {"identities": 4, "images_per_identity": 2, "bag": 6, "refill": 2}
    return Tail(**(usual | changes))


def with_tail(run: dict[str, Any] | None = None, **changes: Any) -> TrainConfig:
    """A run of `worlds` with this tail; run: changes of the run itself."""
    return config(**{"tail": tail(**changes)} | (run or {}))


def tail_manifest() -> Manifest:
    """24 samples, identity t0 first."""
    labels = np.repeat(np.arange(len(SIZES)), SIZES)
    count = len(labels)
    return Manifest(
        ids=np.array([f"t{i:03d}" for i in range(count)]),
        refs=np.arange(count),
        sources=np.zeros(count, dtype=np.int16),
        labels=labels,
        true_labels=labels,
        kinds=np.zeros(count, dtype=np.int8),
        checksums=np.array([f"{i + 1000:064x}" for i in range(count)]),
        identities=tuple(f"t{k}" for k in range(len(SIZES))),
        readers=(parquet.Config(path="unused"),),
        colour="RGB",
        facts={},
    )


def tail_images() -> TailImages:
    """A pattern per person and grain per image."""
    draw = stream(0, "test tail pixels")
    people = draw.integers(0, 200, (len(SIZES), SIZE // 4, SIZE // 4, 3)).repeat(4, 1).repeat(4, 2)
    grain = draw.integers(0, 56, (sum(SIZES), SIZE, SIZE, 3))
    images = (people.repeat(SIZES, 0) + grain).astype(np.uint8)
    count = len(images)
    pixels = Pixels(SIZE, (Decoded(images),), np.zeros(count, np.int16), np.arange(count))
    return TailImages(tail_manifest(), pixels)
