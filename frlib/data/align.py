"""Faces brought to the layout that ArcFace-style models are trained on, by five points.

A similarity (rotation, one scale, a shift; no mirroring) maps left eye, right eye, nose tip, left
and right mouth corner onto `TEMPLATE` with the least sum of squares; the pixels between are
bilinear, outside the picture is black. Points are (x, y); (0, 0) is the middle of the first
pixel. Source of the template: insightface, python-package/insightface/utils/face_align.py (112 x
112; other sizes scale it).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import DataError

SIDE = 112
TEMPLATE = np.array(
    [
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ]
)
"""`[5, 2]` where the points come to lie in a crop of `SIDE`."""
_LEAST_SPREAD = 1e-6


def similarity(points: ArrayLike, target: ArrayLike, where: str = "face") -> NDArray[np.float64]:
    """`[2, 3]` matrix of the similarity that takes `[n, 2]` points nearest to `[n, 2]` targets.

    As complex numbers it is z -> a z + b, which is linear: a from the centred points, b from the
    means. `DataError` for points that are not finite or all in one place.
    """
    source, goal = (_complex(values, where) for values in (points, target))
    centred = source - source.mean()
    spread = float(np.vdot(centred, centred).real)
    if spread < _LEAST_SPREAD:
        raise DataError(f"{where}: all {len(source)} points lie in one place, so no turn is told")
    a = np.vdot(centred, goal - goal.mean()) / spread
    b = goal.mean() - a * source.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def crop(
    image: NDArray[np.uint8], points: ArrayLike, size: int = SIDE, where: str = "face"
) -> NDArray[np.uint8]:
    """`[H, W, 3]` picture and its `[5, 2]` points -> `[size, size, 3]` aligned crop."""
    matrix = similarity(points, TEMPLATE * (size / SIDE), where)
    if np.abs(matrix[:, :2]).max() < _LEAST_SPREAD:
        raise DataError(f"{where}: the points {np.asarray(points).tolist()} form no face")
    return warp(image, matrix, size)


def warp(image: NDArray[np.uint8], matrix: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """`[size, size, 3]`: what the `[2, 3]` map makes of a picture; bilinear, black outside."""
    back = np.linalg.inv(matrix[:, :2])
    row, column = np.mgrid[0:size, 0:size]
    x, y = np.tensordot(back, np.stack((column - matrix[0, 2], row - matrix[1, 2])), axes=1)
    height, width = image.shape[:2]
    bordered = np.zeros((height + 2, width + 2, 3), dtype=np.float32)
    bordered[1:-1, 1:-1] = image
    x, y = np.clip(x, -1, width) + 1, np.clip(y, -1, height) + 1
    left, top = np.minimum(x.astype(np.int64), width), np.minimum(y.astype(np.int64), height)
    right_share = (x - left).astype(np.float32)[..., None]
    low_share = (y - top).astype(np.float32)[..., None]
    flat = bordered.reshape(-1, 3)
    at = top * (width + 2) + left
    upper = flat[at] * (1 - right_share) + flat[at + 1] * right_share
    at += width + 2
    lower = flat[at] * (1 - right_share) + flat[at + 1] * right_share
    return np.rint(upper * (1 - low_share) + lower * low_share).astype(np.uint8)


def _complex(points: ArrayLike, where: str) -> NDArray[np.complex128]:
    found = np.asarray(points, dtype=np.float64)
    if found.ndim != 2 or found.shape[1] != 2 or len(found) < 2 or not np.isfinite(found).all():
        raise DataError(f"{where}: points {found.tolist()}; expected two (x, y) or more, finite")
    return np.asarray(found[:, 0] + 1j * found[:, 1])
