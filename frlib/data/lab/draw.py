"""One draw of noise to be looked at: the set before, the reference of its ratios, the noisy set."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import Config
from frlib.data import catalog, flaws
from frlib.data.config import DataConfig
from frlib.data.lab.config import NoiseConfig
from frlib.data.lab.corrupt import corrupted
from frlib.data.manifest import Manifest
from frlib.data.prepare import outliers
from frlib.data.splits import sides


class Lab(Config):
    """What `frlib noise` is told: the data, and the noise to put in."""

    data: DataConfig
    noise: NoiseConfig = NoiseConfig()


@dataclass(frozen=True, kw_only=True)
class Draw:
    """clean: the training rows. reference: after reshaping, row for row `noisy`."""

    lab: Lab
    seed: int
    clean: Manifest
    reference: Manifest
    noisy: Manifest


def draw(lab: Lab, seed: int, store: Path) -> Draw:
    """Scan, take a part, split and corrupt, as `prepare` does it for a replicate of this seed."""
    used = sides(catalog.scan(lab.data.train, store), lab.data)
    clean, pool = used.clean, outliers(used.others, lab.data, lab.noise, store)
    noisy, reference = corrupted(clean, lab.noise, pool, seed)
    return Draw(lab=lab, seed=seed, clean=clean, reference=reference, noisy=noisy)


def pixels(
    manifest: Manifest, rows: NDArray[np.int64], size: int, *, flawed: bool = True
) -> NDArray[np.uint8]:
    """`[n]` rows -> `[n, size, size, 3]` RGB straight from the sources, with or without flaws.

    For a few rows; training reads a cache.
    """
    out = np.empty((len(rows), size, size, 3), dtype=np.uint8)
    for number in np.unique(manifest.sources[rows]):
        mine = manifest.sources[rows] == number
        reader = catalog.open_reader(manifest.readers[number])
        out[mine] = reader.images(manifest.refs[rows[mine]], size)
    if flawed and manifest.flaws is not None:
        flaws.apply(out, manifest.flaws.take(rows))
    return out
