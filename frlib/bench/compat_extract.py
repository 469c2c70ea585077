"""Extraction beside the loader alone: what blocks, checks and files add to decoding the images.

CPU time of one thread. The model takes no time to speak of (it copies some pixels), so nothing
hides what is around it. Blocks are written anew in every turn.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from frlib.bench import faces, measure
from frlib.core.errors import BenchmarkError
from frlib.data import catalog
from frlib.data.manifest import Manifest
from frlib.data.pixels.batches import Pixels
from frlib.data.pixels.choose import open_pixels
from frlib.evaluate import extract
from frlib.evaluate.model import Colour

_EXTRACT, _LOADER = "extract", "loader"
_ROUNDING = 1e-3


@dataclass(frozen=True, kw_only=True)
class Shape:
    """images: JPEG faces of 112 pixels. batch: of the model. dim: of its vectors."""

    images: int = 2048
    batch: int = 128
    dim: int = 512
    repeats: int = 5


@dataclass(frozen=True, kw_only=True)
class ExtractResult:
    """Images a second. spread: half the range of extraction, as a share of its median.

    share: of the loader's rate that extraction reaches.
    """

    shape: Shape
    loader: float
    extract: float
    spread: float
    share: float


class Still:
    """A model whose embedding is some of the pixels."""

    size = faces.SIDE
    colour: Colour = "RGB"

    def __init__(self, dim: int) -> None:
        self.about = {"kind": "pixels", "digest": "0" * 16, "dimensions": dim}
        self._dim = dim

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """`[B, S, S, 3]` -> `[B, D]` numbers out of the middle of each image."""
        flat = images.reshape(len(images), -1)
        first = flat.shape[1] // 2
        return flat[:, first : first + self._dim].astype(np.float32)


def measured(shape: Shape, folder: Path) -> ExtractResult:
    """In this process, with one thread. `BenchmarkError` where vectors are of other images."""
    made = faces.make(folder / "faces", shape.images)
    manifest = catalog.scan(made.records, folder)
    model = Still(shape.dim)
    job = extract.Job(
        manifest, model.about, folder / "blocks", mirrored=False, exact=False, batch=shape.batch
    )
    blocks = range(job.num_blocks)
    with (
        measure.threads(1),
        open_pixels(manifest, faces.SIDE, folder, mode="encoded") as pixels,
    ):
        steps = {
            _EXTRACT: lambda: extract.embed_blocks(job, model, pixels, blocks),
            _LOADER: lambda: sum(map(len, _batches(pixels, manifest, shape.batch))),
        }
        steps[_EXTRACT]()
        _require_own(job, model, pixels)
        times = measure.interleaved(
            steps,
            measure.clock(torch.device("cpu"), 1),
            shape.repeats,
            lambda: shutil.rmtree(job.folder, ignore_errors=True),
        )
    own, loader = times[_EXTRACT], times[_LOADER]
    return ExtractResult(
        shape=shape,
        loader=len(manifest) / loader.median_s,
        extract=len(manifest) / own.median_s,
        spread=(own.most_s - own.least_s) / 2 / own.median_s,
        share=loader.median_s / own.median_s,
    )


def _batches(pixels: Pixels, manifest: Manifest, batch: int) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(manifest), batch):
        yield pixels.batch(np.arange(start, min(start + batch, len(manifest))))


def _require_own(job: extract.Job, model: Still, pixels: Pixels) -> None:
    found = extract.collect(job)
    rows = np.arange(min(len(found), job.batch))
    wanted = model.embed(pixels.batch(found.places(job.images.ids[rows])))
    away = np.abs(found.plain[rows] - wanted).max() / np.linalg.norm(wanted, axis=1).max()
    if away > _ROUNDING:
        raise BenchmarkError(
            f"extraction: a vector is {away:.1e} of its length from that of its image, at most "
            f"{_ROUNDING:.0e} is rounding. Rows and images went apart"
        )
