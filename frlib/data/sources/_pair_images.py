"""A verification set that brings its images, as a source: what `.bin` and folder share.

The id of an image is its number, without padding. An identity is the number of the first image of
a pair: shared by both images where the pair is of one person, each its own where it is of two. The
same person in another pair has another identity.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data import decode
from frlib.data.manifest import Manifest, checksum, from_table
from frlib.data.pairsets.images import ImagePairs
from frlib.data.pairsets.listed import ListedPairs


def manifest(found: ImagePairs, config: Any) -> Manifest:
    """Every image; the truth is unknown, since a person may have several identities."""
    numbers = range(len(found.images))
    identities = [str(n - 1) if n % 2 and bool(found.same[n // 2]) else str(n) for n in numbers]
    return from_table(
        ids=[str(n) for n in numbers],
        names=identities,
        checksums=[checksum(data) for data in found.images],
        refs=numbers,
        reader=config,
        colour=config.colour,
        trusted=False,
    )


def listed(found: ImagePairs, folds: int, where: str) -> ListedPairs:
    """The pairs by image number in contiguous folds; the first P mod `folds` have one more."""
    num = len(found)
    if folds > num:
        raise DataError(f"{where}: {num:,} pairs; {folds} folds need at least one each")
    smaller, larger = divmod(num, folds)
    sizes = np.full(folds, smaller) + (np.arange(folds) < larger)
    return ListedPairs(
        left=tuple(str(2 * p) for p in range(num)),
        right=tuple(str(2 * p + 1) for p in range(num)),
        same=found.same,
        fold=np.repeat(np.arange(folds, dtype=np.int64), sizes),
    )


class ImageReader:
    """Reads image `ref` of the set, which is in memory as it is stored."""

    def __init__(self, found: ImagePairs, colour: str, name: str) -> None:
        self._images, self.colour, self._name = found.images, colour, name

    def images(self, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """`[n]` refs -> `[n, size, size, 3]` RGB."""
        return decode.images(self, refs, size)

    def read(self, ref: int) -> bytes:
        """The image's bytes."""
        if not 0 <= ref < len(self._images):
            raise DataError(f"{self._name}: no image {ref}; it has {len(self._images):,}")
        return self._images[ref]

    def where(self, ref: int) -> str:
        """The set and the number of the image."""
        return f"{self._name}: image {ref}"
