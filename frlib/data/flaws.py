"""Flaws of pixels: what was done to the images of rows, and doing it to a batch.

A flaw is kept as three numbers a row and put in when pixels are fetched, so that one decoded copy
of a set serves every arm of a study:

* `blur`: Gaussian, sigma = strength times the side;
* `low_resolution`: area average down to strength times the side (at least one pixel), then bilinear
  up to the side again;
* `occlusion`: a rectangle over the share `strength` of the image, with sides 1:2 to 2:1 where that
  fits, anywhere inside, filled with one grey, with noise, or with the mean colour of the face;
* `misaligned`: a similarity transform as of a face that was cut out but not aligned: smaller by a
  factor of up to 1 + 0.45 strength, turned by up to 25 strength degrees, shifted by up to 0.16
  strength of the side; the border is mirrored.

All random parts of a flaw follow from its row's seed, by a hash of (seed, position) and not by a
generator's state: the same row gets the same flaw in any batch, in any place, in any process.

Shapes: N rows of a manifest, B images of a batch, S side in pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError

FLAWS = ("none", "blur", "low_resolution", "occlusion", "misaligned")
NONE, BLUR, LOW_RESOLUTION, OCCLUSION, MISALIGNED = range(len(FLAWS))

_AT_A_TIME = 8
_SMALLER, _TURN, _SHIFT = 0.45, np.deg2rad(25.0), 0.16


@dataclass(frozen=True, eq=False)
class Flaws:
    """At most one flaw for each of N rows.

    kinds: `[N]` int8, position in `FLAWS`, 0 for none. strengths: `[N]` float32, in units of the
    kind (0 where there is none). seeds: `[N]` uint32, which place, colour, direction.
    """

    kinds: NDArray[np.int8]
    strengths: NDArray[np.float32]
    seeds: NDArray[np.uint32]

    def __post_init__(self) -> None:
        if not len(self.kinds) == len(self.strengths) == len(self.seeds):
            raise DataError("the columns of flaws differ in length")

    def __len__(self) -> int:
        return len(self.kinds)

    def take(self, rows: NDArray[np.int64]) -> "Flaws":
        """Those of the rows at these positions."""
        return Flaws(self.kinds[rows], self.strengths[rows], self.seeds[rows])

    def digested(self) -> bytes:
        """Bytes that are equal for equal flaws, whatever the machine."""
        columns = (getattr(self, field.name) for field in fields(self))
        return b"".join(
            np.ascontiguousarray(column, dtype=column.dtype.newbyteorder("<")).tobytes()
            for column in columns
        )

    def put(
        self, rows: NDArray[np.int64], kind: int, strength: float, seeds: NDArray[np.uint32]
    ) -> "Flaws":
        """A copy in which these rows have this flaw; `seeds`: one for each of `rows`."""
        changed = Flaws(self.kinds.copy(), self.strengths.copy(), self.seeds.copy())
        changed.kinds[rows] = kind
        changed.strengths[rows] = strength
        changed.seeds[rows] = seeds
        return changed


def none(size: int) -> Flaws:
    """No flaw on any of `size` rows."""
    return Flaws(
        np.zeros(size, dtype=np.int8),
        np.zeros(size, dtype=np.float32),
        np.zeros(size, dtype=np.uint32),
    )


def apply(images: NDArray[np.uint8], flaws: Flaws) -> None:
    """Put the flaws into `[B, S, S, 3]` RGB pixels, in place.

    `flaws`: of the rows of the batch (`manifest.flaws.take(rows)`). Images without a flaw are not
    touched. Raises `DataError` for a kind this version does not know.
    """
    if len(images) != len(flaws):
        raise DataError(f"{len(images)} images and flaws of {len(flaws)} rows: take those rows")
    if len(flaws) and not 0 <= flaws.kinds.min() <= flaws.kinds.max() < len(FLAWS):
        raise DataError(
            f"flaws of kind {flaws.kinds.max()}; this version knows 0 to {len(FLAWS) - 1} "
            f"({', '.join(FLAWS)}). Prepare the data anew with this version."
        )
    for kind, change in _CHANGES.items():
        mine = np.flatnonzero(flaws.kinds == kind)
        for start in range(0, len(mine), _AT_A_TIME):
            rows = mine[start : start + _AT_A_TIME]
            images[rows] = change(images[rows], flaws.strengths[rows], flaws.seeds[rows])


def _blurred(
    images: NDArray[np.uint8], strengths: NDArray[np.float32], seeds: NDArray[np.uint32]
) -> NDArray[np.uint8]:
    return _separable(images, strengths, lambda side, strength: (_gaussian(side, strength),))


def _coarse(
    images: NDArray[np.uint8], strengths: NDArray[np.float32], seeds: NDArray[np.uint32]
) -> NDArray[np.uint8]:
    return _separable(images, strengths, _down_and_up)


def _separable(
    images: NDArray[np.uint8],
    strengths: NDArray[np.float32],
    weights: Callable[[int, float], tuple[NDArray[np.float32], ...]],
) -> NDArray[np.uint8]:
    """Columns, then rows, through the same matrices one after the other.

    One product per image, channel and axis, of one shape: what else is in the batch changes no
    rounding.
    """
    out = np.empty_like(images)
    side = images.shape[1]
    for strength in np.unique(strengths):
        same = strengths == strength
        planes: NDArray[np.float32] = np.ascontiguousarray(
            images[same].transpose(0, 3, 1, 2), dtype=np.float32
        )
        for matrix in weights(side, float(strength)):
            planes = np.asarray(matrix @ planes @ matrix.T, dtype=np.float32)
        out[same] = _rounded(planes).transpose(0, 2, 3, 1)
    return out


@lru_cache(maxsize=32)
def _gaussian(side: int, strength: float) -> NDArray[np.float32]:
    """`[side, side]`: weights of every pixel of a line; what lies outside repeats the border."""
    sigma = strength * side
    reach = max(1, int(4 * sigma + 0.5))
    offsets = np.arange(-reach, reach + 1)
    bell = np.exp(-0.5 * (offsets / sigma) ** 2)
    matrix = np.zeros((side, side))
    for offset, weight in zip(offsets.tolist(), bell / bell.sum(), strict=True):
        matrix[np.arange(side), np.clip(np.arange(side) + offset, 0, side - 1)] += weight
    return matrix.astype(np.float32)


@lru_cache(maxsize=32)
def _down_and_up(side: int, strength: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """`[small, side]` means of a line's cells, and `[side, small]` interpolation between them."""
    small = max(1, round(strength * side))
    edges = np.arange(small + 1) * (side / small)
    pixels = np.arange(side)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    down = np.clip(overlap, 0, None) * (small / side)
    place = np.clip((pixels + 0.5) * small / side - 0.5, 0, small - 1)
    near = np.minimum(place.astype(np.int64), max(0, small - 2))
    share = place - near
    up = np.zeros((side, small))
    up[pixels, near] = 1 - share
    up[pixels, np.minimum(near + 1, small - 1)] += share
    return down.astype(np.float32), up.astype(np.float32)


def _occluded(
    images: NDArray[np.uint8], strengths: NDArray[np.float32], seeds: NDArray[np.uint32]
) -> NDArray[np.uint8]:
    side = images.shape[1]
    draws = _uniform(seeds, 5)
    shape, left, top, fill, shade = draws.T
    area = np.clip(strengths.astype(np.float64), 0, 1)
    width = np.clip(np.sqrt(area) * 2 ** (shape - 0.5), area, 1)
    height = area / width
    x0, y0 = left * (1 - width) * side, top * (1 - height) * side
    pixels = np.arange(side) + 0.5
    across = (pixels >= x0[:, None]) & (pixels < (x0 + width * side)[:, None])
    along = (pixels >= y0[:, None]) & (pixels < (y0 + height * side)[:, None])
    covered = along[:, :, None] & across[:, None, :]
    paint = np.empty_like(images)
    paint[:] = (40 + 180 * shade).astype(np.uint8)[:, None, None, None]
    noisy, skin = fill < 1 / 3, fill > 2 / 3
    if noisy.any():
        words = _hashed(seeds[noisy], side * side, first=draws.shape[1])
        three_bytes = words.astype("<u8")[..., None].view(np.uint8)[..., :3]
        paint[noisy] = three_bytes.reshape(-1, side, side, 3)
    quarter = side // 4
    centre = images[skin, quarter : side - quarter, quarter : side - quarter]
    paint[skin] = _rounded(centre.mean(axis=(1, 2), dtype=np.float64))[:, None, None]
    return np.where(covered[..., None], paint, images)


def _misaligned(
    images: NDArray[np.uint8], strengths: NDArray[np.float32], seeds: NDArray[np.uint32]
) -> NDArray[np.uint8]:
    side = images.shape[1]
    smaller, turn, right, down = _uniform(seeds, 4).T
    strength = strengths.astype(np.float64)
    factor = 1 + _SMALLER * strength * (0.3 + 0.7 * smaller)
    angle = _TURN * strength * (2 * turn - 1)
    middle = (side - 1) / 2
    shift = _SHIFT * side * strength * factor
    cos, sin, shift_x, shift_y = (
        column.astype(np.float32)[:, None, None]
        for column in (
            factor * np.cos(angle),
            factor * np.sin(angle),
            middle + shift * (2 * right - 1),
            middle + shift * (2 * down - 1),
        )
    )
    line = np.arange(side, dtype=np.float32) - np.float32(middle)
    x, y = line[None, None, :], line[None, :, None]
    from_x = _mirrored(cos * x - sin * y + shift_x, side)
    from_y = _mirrored(sin * x + cos * y + shift_y, side)
    return _bilinear(images, from_y, from_x)


def _mirrored(place: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Coordinates beyond a border go back inside; at most a side beyond, as strength 1 allows."""
    far = np.float32(side - 1)
    back: NDArray[np.float32] = np.clip(far - np.abs(far - np.abs(place)), 0, far)
    return back


def _bilinear(
    images: NDArray[np.uint8], y: NDArray[np.float32], x: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Pixels at `[n, S, S]` coordinates, each fetched as one word that holds its three bytes."""
    side = images.shape[1]
    padded = np.zeros((*images.shape[:3], 4), dtype=np.uint8)
    padded[..., :3] = images
    words = padded.view(np.dtype("<u4")).ravel()
    y0, x0 = (np.minimum(v.astype(np.int64), max(0, side - 2)) for v in (y, x))
    dy, dx = (y - y0).astype(np.float32), (x - x0).astype(np.float32)
    at = (np.arange(len(images))[:, None, None] * side + y0) * side + x0
    right, down = min(1, side - 1), side * min(1, side - 1)
    corners = [words[at + step] for step in (0, right, down, down + right)]
    out = np.empty_like(images)
    for channel in range(3):
        above, above_right, below, below_right = (
            (corner >> np.uint32(8 * channel) & np.uint32(255)).astype(np.float32)
            for corner in corners
        )
        above += (above_right - above) * dx
        below += (below_right - below) * dx
        above += (below - above) * dy
        out[..., channel] = _rounded(above)
    return out


def _rounded(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _uniform(seeds: NDArray[np.uint32], count: int) -> NDArray[np.float64]:
    """`[n]` seeds -> `[n, count]` in [0, 1), one for every position."""
    return (_hashed(seeds, count) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _hashed(seeds: NDArray[np.uint32], count: int, first: int = 0) -> NDArray[np.uint64]:
    """`[n]` seeds -> `[n, count]`: the hash (splitmix64) of seed and position."""
    position = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    word = (seeds.astype(np.uint64) << np.uint64(32))[:, None] + position
    word *= np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    word ^= word >> np.uint64(31)
    return word


_CHANGES = {
    BLUR: _blurred,
    LOW_RESOLUTION: _coarse,
    OCCLUSION: _occluded,
    MISALIGNED: _misaligned,
}
