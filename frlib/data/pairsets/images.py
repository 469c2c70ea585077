"""A verification set that brings its own images: 2P encoded images, pair p being 2p and 2p + 1."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError

_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


@dataclass(frozen=True, kw_only=True, eq=False)
class ImagePairs:
    """`images`: 2P JPEG or PNG files as stored; `same`: `[P]` bool."""

    images: tuple[bytes, ...]
    same: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.same)


def checked(images: Sequence[bytes], same: NDArray[np.bool_], where: str) -> ImagePairs:
    """The set, or a `DataError` if the counts do not match or an item is no image."""
    check_count(len(images), len(same), where)
    for number, image in enumerate(images):
        if not image.startswith(_SIGNATURES):
            raise DataError(
                f"{where}: image {number} starts with {image[:8].hex(' ') or 'nothing'}; expected "
                "the signature of a JPEG or PNG file. Get the file again."
            )
    return ImagePairs(images=tuple(images), same=same)


def check_count(num_images: int, num_pairs: int, where: str) -> None:
    """`DataError` unless there is at least one pair and two images a pair."""
    if not num_pairs or num_images != 2 * num_pairs:
        raise DataError(
            f"{where}: {num_images:,} images and {num_pairs:,} flags; expected {2 * num_pairs:,} "
            "images (2 a pair) and at least one pair. Is the set complete? Get it again."
        )
