"""An IJB-like set out of noise: people, templates of several media, listed pairs, hard enough that
rates are neither 0 nor 1."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NOISE = 5.0
_MEDIA = 3
_AT_ONCE = 16_384


@dataclass(frozen=True, kw_only=True)
class Shape:
    """left templates show one person each, right ones any of these; images in all; listed pairs."""

    images: int
    left: int
    right: int
    pairs: int
    dim: int = 512

    @property
    def templates(self) -> int:
        """Of both sides."""
        return self.left + self.right


IJBC = Shape(images=469_375, left=3_531, right=19_593, pairs=15_660_000)


@dataclass(frozen=True, kw_only=True)
class Images:
    """Ids, face scores and person of every image, in order of template."""

    template_N: NDArray[np.int64]
    media_N: NDArray[np.int64]
    score_N: NDArray[np.float32]
    person_N: NDArray[np.int64]


def images(shape: Shape) -> tuple[Images, NDArray[np.int64]]:
    """The images, every template with at least one, and `[T]` the person of each template."""
    draw = np.random.default_rng(0)
    every = np.arange(shape.templates)
    template = np.concatenate((every, draw.integers(0, len(every), shape.images - len(every))))
    template.sort()
    person_T = np.where(every < shape.left, every, draw.integers(0, shape.left, len(every)))
    found = Images(
        template_N=template,
        media_N=template * _MEDIA + draw.integers(0, _MEDIA, len(template)),
        score_N=draw.uniform(0.3, 1, len(template)).astype(np.float32),
        person_N=person_T[template],
    )
    return found, person_T


def views(
    shape: Shape, person_N: NDArray[np.int64], kind: Any
) -> Iterator[tuple[slice, list[Any]]]:
    """Both views of some rows at a time, as numbers of `kind`."""
    draw = np.random.default_rng(1)
    face_SD = draw.standard_normal((shape.left, shape.dim), dtype=np.float32)
    for start in range(0, len(person_N), _AT_ONCE):
        rows = slice(start, min(start + _AT_ONCE, len(person_N)))
        size = (rows.stop - start, shape.dim)
        noise = draw.standard_normal(size, dtype=np.float32)
        noise *= draw.uniform(0.5, 2, (len(noise), 1)).astype(np.float32) * _NOISE
        noise += face_SD[person_N[rows]]
        other = noise + draw.standard_normal(size, dtype=np.float32)
        yield rows, [noise.astype(kind), other.astype(kind)]


def in_memory(shape: Shape, person_N: NDArray[np.int64]) -> list[NDArray[np.float32]]:
    """Both views, float32."""
    found = [np.empty((len(person_N), shape.dim), dtype=np.float32) for _ in range(2)]
    for rows, both in views(shape, person_N, np.float32):
        for array, part in zip(found, both, strict=True):
            array[rows] = part
    return found


def on_disk(shape: Shape, person_N: NDArray[np.int64], folder: Path) -> list[Path]:
    """Both views as float16 `.npy` files."""
    paths = [folder / "original.npy", folder / "mirrored.npy"]
    size = (len(person_N), shape.dim)
    found = [np.lib.format.open_memmap(path, "w+", np.float16, size) for path in paths]
    for rows, both in views(shape, person_N, np.float16):
        for array, part in zip(found, both, strict=True):
            array[rows] = part
    for array in found:
        array.flush()
    return paths


def pairs(
    shape: Shape, person_T: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
    """(left, right, same), in order of left: every right template with its mate, and strangers."""
    draw = np.random.default_rng(2)
    mated = np.arange(shape.left, shape.templates, dtype=np.int32)[: shape.pairs // 2]
    strangers = shape.pairs - len(mated)
    left = np.concatenate(
        (person_T[mated].astype(np.int32), draw.integers(0, shape.left, strangers, dtype=np.int32))
    )
    right = np.concatenate(
        (mated, draw.integers(shape.left, shape.templates, strangers, dtype=np.int32))
    )
    order = np.argsort(left, kind="stable")
    left, right = left[order], right[order]
    return left, right, left == person_T[right]
