"""A made training set with evidence on it: embeddings on disk, some labels flipped.

Samples scatter about a centre of the person that they show, most often the first, from near to far,
so that an angle keeps most of the right ones and few of the flipped ones.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frlib.cleaning.evidence import Course, Embedded, Evidence, Truth
from frlib.data.manifest import CLEAN, CLOSED, Manifest
from frlib.data.sources import synth
from frlib.data.texts import texts

FLIPPED = 0.2
SCALE = 64.0
_NEAR, _FAR = 1.5, 0.3
_FIRST = 0.9
_AT_ONCE = 16_384


@dataclass(frozen=True, kw_only=True)
class Shape:
    """N samples of `classes` people with `centres` each, `dim` numbers an embedding."""

    samples: int = 1_000_000
    classes: int = 10_000
    centres: int = 3
    dim: int = 512


def manifest(shape: Shape) -> Manifest:
    """The set, in order of the people shown; no pictures are behind it."""
    draw = np.random.default_rng(0)
    true = np.sort(draw.integers(0, shape.classes, shape.samples))
    flipped = draw.random(shape.samples) < FLIPPED
    other = (true + draw.integers(1, shape.classes, shape.samples)) % shape.classes
    return Manifest(
        ids=texts([f"{person:07d}/{row:08d}.jpg" for row, person in enumerate(true.tolist())]),
        refs=np.arange(shape.samples),
        sources=np.zeros(shape.samples, dtype=np.int16),
        labels=np.where(flipped, other, true),
        true_labels=true,
        kinds=np.where(flipped, CLOSED, CLEAN).astype(np.int8),
        checksums=np.arange(shape.samples).astype("S32"),
        identities=tuple(f"{person:07d}" for person in range(shape.classes)),
        readers=(synth.Config(),),
        colour="RGB",
        facts={},
    )


def evidence(shape: Shape, own: Manifest, folder: Path) -> Evidence:
    """What a model says about the set; embeddings and centres are files in `folder`, mapped."""
    draw = np.random.default_rng(1)
    rows = shape.classes * shape.centres
    weight = draw.standard_normal((rows, shape.dim), dtype=np.float32)
    np.save(folder / "weight.npy", weight)
    unit = weight / np.linalg.norm(weight, axis=1, keepdims=True)
    path = folder / "embeddings.npy"
    out = np.lib.format.open_memmap(
        path, mode="w+", dtype=np.float32, shape=(shape.samples, shape.dim)
    )
    for start in range(0, shape.samples, _AT_ONCE):
        person = own.true_labels[start : start + _AT_ONCE]
        other = draw.integers(0, shape.centres, len(person))
        which = np.where(draw.random(len(person)) < _FIRST, 0, other)
        centre = person * shape.centres + which
        noise = draw.standard_normal((len(person), shape.dim), dtype=np.float32)
        near = draw.uniform(_FAR, _NEAR, (len(person), 1)).astype(np.float32)
        out[start : start + len(person)] = near * unit[centre] + noise / np.sqrt(shape.dim)
    out.flush()
    del out
    none = np.empty(0, dtype=np.int64)
    return Evidence(
        ids=own.ids,
        identities=own.identities,
        given=own.labels,
        truth=Truth(true=own.true_labels, kinds=own.kinds),
        course=Course(
            kind="", epochs=0, epoch=none, row=none, proposed=none, score=none.astype(np.float64)
        ),
        embedded=Embedded(
            embeddings=_mapped(path),
            weight=_mapped(folder / "weight.npy"),
            loss_k=shape.centres,
            scale=SCALE,
        ),
    )


def _mapped(path: Path) -> NDArray[np.float32]:
    found: NDArray[np.float32] = np.load(path, mmap_mode="r")
    return found
