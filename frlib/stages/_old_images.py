"""Which images of a run an old model is asked about, and how their pixels come."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from frlib.core.seeds import torch_seed
from frlib.data.config import DataConfig
from frlib.data.loading.choose import open_for, open_training
from frlib.data.manifest import Manifest
from frlib.data.pixels.batches import Pixels
from frlib.data.prepare import prepare
from frlib.train.config import TrainConfig
from frlib.train.old_files import SELECTION, TRAIN, benchmark


@dataclass(frozen=True, kw_only=True)
class Images:
    """manifest: the images, in the order in which their source is read. digest: of the set as it is
    prepared. both_views: whether they are looked at mirrored as well.
    """

    file: str
    manifest: Manifest
    digest: str
    both_views: bool = False

    @property
    def are_trained_on(self) -> bool:
        """Or only compared."""
        return self.file == TRAIN


def every(run: TrainConfig, seed: int, store: Path) -> list[Images]:
    """Those trained on, those that select, and those of every benchmark."""
    prepared = prepare(run.data, run.noise, seed, store)
    found = [_of(TRAIN, prepared.train)]
    if prepared.selection is not None:
        found.append(_of(SELECTION, prepared.selection.manifest))
    for one in prepared.benchmarks:
        found.append(_of(benchmark(one.name), one.manifest, both_views=True))
    return found


@contextmanager
def opened(
    images: Images, data: DataConfig, store: Path, flip_seed: int | None
) -> Iterator[Pixels]:
    """Their pixels. flip_seed: of the chance by which each is mirrored; None: as they are."""
    open_them = open_training if images.are_trained_on else open_for
    with open_them(data, images.manifest, store, torch.get_num_threads()) as pixels:
        yield pixels if flip_seed is None else _turned(pixels, images.manifest, flip_seed)


@dataclass(frozen=True, eq=False, kw_only=True)
class Turned(Pixels):
    """Some of the rows mirrored left to right, after all flaws, as training mirrors them."""

    is_mirrored: NDArray[np.bool_]

    def batch(
        self, rows: NDArray[np.int64], out: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        """As `Pixels.batch`."""
        found = super().batch(rows, out)
        turned = np.flatnonzero(self.is_mirrored[rows])
        found[turned] = found[turned][:, :, ::-1]
        return found


def is_mirrored(seed: int, ids: NDArray[np.str_]) -> NDArray[np.bool_]:
    """`[n]` a coin for each id, whichever others there are."""
    return np.array([torch_seed(seed, "old_features", one) & 1 for one in ids], dtype=np.bool_)


def _of(file: str, manifest: Manifest, *, both_views: bool = False) -> Images:
    order = np.lexsort((manifest.refs, manifest.sources))
    return Images(
        file=file, manifest=manifest.take(order), digest=manifest.digest, both_views=both_views
    )


def _turned(pixels: Pixels, manifest: Manifest, seed: int) -> Turned:
    return Turned(
        size=pixels.size,
        parts=pixels.parts,
        sources=pixels.sources,
        places=pixels.places,
        flaws=pixels.flaws,
        is_mirrored=is_mirrored(seed, manifest.ids),
    )
