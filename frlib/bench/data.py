"""Everything about loading: decoding, the decoded map, random bytes, millions of rows, training."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from frlib.bench import faces, fetch, limits, loaders, measure, millions, training
from frlib.bench.fetch import Fetch
from frlib.bench.limits import Limits
from frlib.bench.loaders import LoaderResult
from frlib.bench.millions import Millions
from frlib.bench.training import TrainingResult


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """images: to decode. blobs: to fetch. rows: of the index and the manifest."""

    images: int = 2_048
    batch: int = 128
    blobs: int = 20_000
    rows: int = 5_000_000
    repeats: int = 7


SMALL = Sizes(images=64, batch=32, blobs=100, rows=20_000, repeats=3)


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """Everything measured; `dataclasses.asdict` of it is JSON. image_bytes: mean of the JPEGs."""

    limits: Limits
    image_bytes: float
    loaders: tuple[LoaderResult, ...]
    fetch: tuple[Fetch, ...]
    training: TrainingResult
    millions: tuple[Millions, ...]


def run(sizes: Sizes, *, is_small: bool, say: Callable[[str], None]) -> DataReport:
    """One thread, CPU time. `BenchmarkError` where two ways to the same result differ.

    Files go to a temporary folder (about 1 GB at full size) that is removed at the end.
    """
    machine = limits.measured("cpu", 1, is_small=is_small, say=say)
    clock = measure.clock(torch.device("cpu"), 1)
    with TemporaryDirectory(prefix="frlib-bench-") as folder, measure.threads(1):
        root = Path(folder)
        say("painting faces")
        images = faces.make(root / "faces", sizes.images)
        store = root / "store"
        how: dict[str, Any] = {"repeats": sizes.repeats, "clock": clock, "say": say}
        found_loaders = loaders.measured(images, store, batch=sizes.batch, **how)
        found_training = training.measured(images, store, batch=sizes.batch, **how)
        found_fetch = fetch.measured(sizes.blobs, root / "blobs", **how)
        say(f"index of {sizes.rows:,} rows")
        index = millions.opened_index(sizes.rows, root)
        say(f"manifest of {sizes.rows:,} rows, built and corrupted")
        manifest = millions.noisy_manifest(sizes.rows, root)
    return DataReport(
        limits=machine,
        image_bytes=images.mean_bytes,
        loaders=found_loaders,
        fetch=found_fetch,
        training=found_training,
        millions=(index, manifest),
    )
