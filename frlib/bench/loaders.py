"""From images on disk to the input of a network: frlib's loader against the usual one.

`encoded` decodes every image in every pass, out of RecordIO; `decoded` reads the memory map that
all runs on a machine share, after its first pass made it. Both flip and cast whole batches, in one
thread as plain code does. The same images, none mirrored, are compared first: a loader that gives
other pixels is an error.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from frlib.bench import measure
from frlib.bench.faces import SIDE, Faces
from frlib.bench.plain_loader import PlainLoader
from frlib.core.errors import BenchmarkError
from frlib.data import catalog
from frlib.data.augment import Augment, draws
from frlib.data.loading.loader import Loader
from frlib.data.loading.plan import Plan
from frlib.data.loading.tasks import Tasks
from frlib.data.manifest import Manifest
from frlib.data.pixels.batches import Pixels
from frlib.data.pixels.choose import open_pixels
from frlib.train.augment import network_input

Mode = Literal["encoded", "decoded"]
CASES: tuple[tuple[Mode, int], ...] = (("encoded", SIDE), ("decoded", SIDE), ("decoded", 64))
_GREY_LEVELS = {SIDE: 0.51, 64: 2.01}
_COMPARED = 64


@dataclass(frozen=True, kw_only=True)
class LoaderResult:
    """One way to load at one size; microseconds for an image: median, least, most.

    levels: largest difference from plain code, in grey levels of 0..255.
    """

    mode: Mode
    side: int
    images: int
    plain_us: float
    us: float
    least_us: float
    most_us: float
    faster: float
    levels: float


def measured(
    faces: Faces,
    store: Path,
    *,
    batch: int,
    repeats: int,
    clock: measure.Clock,
    say: Callable[[str], None],
) -> tuple[LoaderResult, ...]:
    """Every case, the plain loader and frlib's taking turns."""
    manifest = catalog.scan(faces.records, store)
    return tuple(
        _case(mode, side, faces, manifest, store, batch, repeats, clock, say)
        for mode, side in CASES
    )


def input_batches(pixels: Pixels, manifest: Manifest, batch: int, depth: int) -> Iterator[Tensor]:
    """One epoch as a training run gets it: `[B, 3, S, S]`, mirrored at random.

    depth: batches read ahead by another thread; 0 has all done in this one, as plain code does. A
    batch is good until the next is asked for, which is written into the same memory.
    """
    memory = torch.empty(batch, pixels.size, pixels.size, 3)
    tasks = Tasks(manifest.labels, Plan(len(manifest), batch), "instance", Augment(), seed=0)
    for one in Loader(pixels, tasks, depth).batches(0):
        yield network_input(torch.from_numpy(one.images), one.draws, memory)


def consume(batches: Iterator[Tensor]) -> int:
    """Images seen. Of each batch a little is read, so that none of it can be left undone."""
    seen = 0
    for images in batches:
        images[:, :, 0, 0].sum()
        seen += len(images)
    return seen


def _case(
    mode: Mode,
    side: int,
    faces: Faces,
    manifest: Manifest,
    store: Path,
    batch: int,
    repeats: int,
    clock: measure.Clock,
    say: Callable[[str], None],
) -> LoaderResult:
    say(f"loader, {mode} at {side} pixels: agreement")
    plain = PlainLoader(faces.folder, side, SIDE, batch)
    with open_pixels(manifest, side, store, mode=mode) as pixels:
        levels = _difference(plain, pixels, manifest)
        if levels > _GREY_LEVELS[side]:
            raise BenchmarkError(
                f"loader, {mode} at {side} pixels: {levels:.1f} grey levels from plain code, at "
                f"most {_GREY_LEVELS[side]} are allowed. It was not timed"
            )
        say(f"loader, {mode} at {side} pixels: time")
        steps = {
            "plain": lambda: consume(plain.batches()),
            mode: lambda: consume(input_batches(pixels, manifest, batch, depth=0)),
        }
        seen = {name: step() for name, step in steps.items()}
        if len(set(seen.values())) > 1:
            raise BenchmarkError(f"loader, {mode}: images in a pass differ: {seen}")
        times = measure.interleaved(steps, clock, repeats, lambda: None)
    us = 1e6 / seen[mode]
    own = times[mode]
    return LoaderResult(
        mode=mode,
        side=side,
        images=seen[mode],
        plain_us=us * times["plain"].median_s,
        us=us * own.median_s,
        least_us=us * own.least_s,
        most_us=us * own.most_s,
        faster=times["plain"].median_s / own.median_s,
        levels=levels,
    )


def _difference(plain: PlainLoader, pixels: Pixels, manifest: Manifest) -> float:
    rows = np.linspace(0, len(manifest) - 1, min(_COMPARED, len(manifest))).astype(np.int64)
    still = draws(Augment(flip=False), len(rows), 0, 0)
    own = network_input(torch.from_numpy(pixels.batch(rows)), still)
    wanted = plain.images(manifest.refs[rows].tolist())
    return float((own - wanted).abs().max()) * 127.5
