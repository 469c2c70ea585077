"""Perceptual hashes: two images that differ by compression or size alone have nearly equal ones.

    grey_ij = 0.299 R + 0.587 G + 0.114 B           of the image at 32 x 32 pixels
    F       = orthonormal two-dimensional DCT-II of grey
    bit k   = F at place k > 0                      places ordered by frequency, without the mean

The first 64 places are the coarse hash, by which pairs are found; the next 64 the fine hash, by
which they are confirmed. A place's sign depends on nothing but the image, so hashes of different
sets compare.

Measured on 500 aligned faces of 112 pixels against themselves, written again as JPEG of quality 90,
75, 50 and 30, and brought to 64, 96 and 160 pixels: every one within 3 bits of the coarse hash and
5 of the fine one. Of the 11.9 million pairs of 4,872 different images, two were within 3 and 8:
both show the same photograph twice. A crop by two pixels on each side moves the hash by 4 bits in
the median: such copies are mostly missed.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

SIDE = 32
BITS = 64
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_HALVES = ((0, BITS), (BITS, 2 * BITS))


def _places(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`[count]` rows and columns of frequencies, lowest sum first, then lowest row."""
    row, column = np.mgrid[0:SIDE, 0:SIDE].reshape(2, -1)
    order = np.lexsort((row, row + column))[1 : count + 1]
    return row[order], column[order]


_ROWS, _COLUMNS = _places(2 * BITS)


def grey(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """`[n, S, S, 3]` RGB -> `[n, S, S]` luma, 0..255."""
    found: NDArray[np.float32] = images.astype(np.float32) @ _LUMA
    return found


def hashes(grey_nSS: NDArray[np.float32]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """`[n, 32, 32]` luma -> `[n]` coarse and `[n]` fine hash."""
    frequencies = dctn(grey_nSS, axes=(1, 2), norm="ortho")[:, _ROWS, _COLUMNS]
    coarse, fine = (_packed(frequencies[:, start:end] > 0) for start, end in _HALVES)
    return coarse, fine


def _packed(bits_nB: NDArray[np.bool_]) -> NDArray[np.uint64]:
    packed = np.ascontiguousarray(np.packbits(bits_nB, axis=1, bitorder="little"))
    return packed.view("<u8")[:, 0].astype(np.uint64)
