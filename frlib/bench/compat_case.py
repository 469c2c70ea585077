"""A file of made old features: every sample near the direction of its class, of some length."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frlib.data.texts import texts
from frlib.evaluate.features import Features
from frlib.evaluate.joined import joined

_AT_ONCE = 65_536
_SPREAD = 0.5


@dataclass(frozen=True, kw_only=True)
class Shape:
    """N samples of `classes` people, `dim` numbers each."""

    samples: int = 1_000_000
    classes: int = 10_000
    dim: int = 512


def labels(shape: Shape) -> NDArray[np.int64]:
    """`[N]`, ascending, as in a manifest; every class has about as many."""
    return np.arange(shape.samples, dtype=np.int64) * shape.classes // shape.samples


def rows(shape: Shape, start: int) -> NDArray[np.float32]:
    """`[n, D]` raw features of a block that begins at a sample."""
    own = labels(shape)[start : start + _AT_ONCE]
    draw = np.random.default_rng([1, start])
    found = draw.standard_normal((len(own), shape.dim), dtype=np.float32)
    first = int(own[0])
    centres = np.stack(
        [
            np.random.default_rng([0, one]).standard_normal(shape.dim, dtype=np.float32)
            for one in range(first, int(own[-1]) + 1)
        ]
    )
    found *= _SPREAD
    found += centres[own - first]
    return found


def write(shape: Shape, folder: Path) -> Path:
    """The file, joined from blocks; those are gone afterwards."""
    parts = []
    for start in range(0, shape.samples, _AT_ONCE):
        found = rows(shape, start)
        ids = texts([f"{row:08d}" for row in range(start, start + len(found))])
        parts.append(folder / f"part{start:08d}.arrow")
        Features(ids, found, None, {"kind": "made"}).save(parts[-1])
    path = folder / "features.arrow"
    joined(parts, path, {"kind": "made"})
    for part in parts:
        part.unlink()
    return path
