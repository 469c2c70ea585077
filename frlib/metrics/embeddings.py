"""From raw model outputs to what a protocol compares.

`sum_normalise` is insightface's rule (recognition/arcface_torch/eval/verification.py): e = a + b of
the original and the mirrored view, divided by |e|. `concatenate` is BoundaryFace's
(eval/eval_lfw.py): [a, b], raw. Outputs that are not finite are refused: compared, they would look
like rejected pairs.

Shapes: N images, D outputs per view, P pairs.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import NumericsError, ProtocolError

Floats = NDArray[np.floating[Any]]
BLOCK = 128


def finite(emb_ND: Floats, what: str = "embeddings") -> Floats:
    """The array itself; `NumericsError` names the first row that holds NaN or infinity."""
    _table(emb_ND, what)
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.add.reduce(emb_ND, axis=None)):
            return emb_ND
    good_N = np.isfinite(emb_ND).all(axis=1)
    if not good_N.all():
        bad = np.flatnonzero(~good_N)
        raise NumericsError(
            f"{what}: row {bad[0]} is not finite ({len(bad)} of {len(emb_ND)} rows). Such a row "
            "would look like a rejected pair. Check the checkpoint, or evaluate in float32."
        )
    return emb_ND


def views(emb_ND: Floats, flip_ND: Floats | None) -> list[Floats]:
    """The checked views: original, and mirrored where there is one."""
    names = ("embeddings", "mirrored embeddings")
    shaped = _shaped(emb_ND, flip_ND)
    return [finite(view, name) for view, name in zip(shaped, names, strict=False)]


def _shaped(emb_ND: Floats, flip_ND: Floats | None) -> list[Floats]:
    """The views as arrays of one shape; their values are not looked at."""
    original = _table(np.asarray(emb_ND), "embeddings")
    if flip_ND is None:
        return [original]
    mirrored = _table(np.asarray(flip_ND), "mirrored embeddings")
    if mirrored.shape != original.shape:
        raise ProtocolError(
            f"embeddings have shape {original.shape}, mirrored ones {mirrored.shape}: "
            "both views need the same images in the same order"
        )
    return [original, mirrored]


def _table(emb_ND: Floats, what: str) -> Floats:
    if emb_ND.ndim != 2 or 0 in emb_ND.shape:
        raise ProtocolError(f"{what} have shape {emb_ND.shape}; expected (images, dimensions)")
    return emb_ND


def normalise(emb_ND: Floats) -> Floats:
    """Rows divided by their L2 norm, in the given precision; a zero row stays zero.

    `NumericsError` when a norm is beyond that precision (finite numbers above 1e19 in float32).
    """
    with np.errstate(over="ignore"):
        norm_N = np.linalg.norm(emb_ND, axis=1)
    if not np.isfinite(norm_N).all():
        raise NumericsError(
            f"the L2 norm of row {int(np.argmin(np.isfinite(norm_N)))} is not finite in "
            f"{emb_ND.dtype}: the outputs are too large. Check the checkpoint."
        )
    norm_N[norm_N == 0] = 1
    return np.asarray(emb_ND / norm_N[:, None])


def sum_normalise(emb_ND: Floats, flip_ND: Floats | None = None) -> NDArray[np.float64]:
    """`[N, D]` float64: sum of the views, then L2 normalised; a zero row stays zero."""
    first, *second = (view.astype(np.float64) for view in views(emb_ND, flip_ND))
    for view in second:
        first += view
    return normalise(first).astype(np.float64, copy=False)


def concatenate(emb_ND: Floats, flip_ND: Floats | None = None) -> NDArray[np.float32]:
    """`[N, D]` or `[N, 2 D]` float32: the raw views side by side."""
    return np.concatenate(views(emb_ND, flip_ND), axis=1, dtype=np.float32)


def mean_norm(emb_ND: Floats, flip_ND: Floats | None = None) -> float:
    """Mean L2 norm of the raw outputs over all views (called XNorm by the sources)."""
    norms = [np.linalg.norm(v.astype(np.float64), axis=1) for v in views(emb_ND, flip_ND)]
    return float(np.mean(norms))


def pick(emb_ND: Floats, row_P: ArrayLike) -> Floats:
    """`[P, D]` the rows of one side of all pairs; `ProtocolError` when a pair names no image."""
    picked: Floats = emb_ND[require_rows(row_P, len(emb_ND))]
    return picked


def require_rows(row_P: ArrayLike, num_images: int) -> NDArray[np.integer[Any]]:
    """One side of all pairs as checked rows 0..N-1; `ProtocolError` when a pair names no image."""
    rows: NDArray[Any] = np.asarray(row_P)
    if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer):
        raise ProtocolError(
            f"pair rows have shape {rows.shape} and type {rows.dtype}; "
            "expected whole numbers, one a pair"
        )
    outside = (rows < 0) | (rows >= num_images)
    if outside.any():
        first = int(np.argmax(outside))
        raise ProtocolError(
            f"pair {first} asks for image {rows[first]} of {num_images} ({int(outside.sum())} "
            "such pairs). Are pair list and embeddings of the same set?"
        )
    return rows


def squared_distance(left_PD: Floats, right_PD: Floats) -> Floats:
    """`[P]` sum of squared differences; 2 - 2 cos for unit vectors, so 0..4."""
    return np.asarray(np.sum(np.square(left_PD - right_PD), axis=1))


def summed_distance(
    emb_ND: Floats, flip_ND: Floats | None, left_P: ArrayLike, right_P: ArrayLike
) -> NDArray[np.float64]:
    """`[P]` squared distances of summed, normalised views.

    As `squared_distance` of the picked rows of `sum_normalise`, up to rounding (1e-15) and without
    any where sums are exact; made in blocks that stay in cache.
    """
    shaped = _shaped(emb_ND, flip_ND)
    sides = same_length(*(require_rows(side, len(shaped[0])) for side in (left_P, right_P)))
    is_used_N = np.zeros(len(shaped[0]), dtype=bool)
    for rows in sides:
        is_used_N[rows] = True
    block: _Summed | _Recurring
    if len(sides[0]) > len(is_used_N):
        block = _Recurring(sum_normalise(emb_ND, flip_ND))
    else:
        block = _Summed(shaped)
        if not is_used_N.all():  # those in use are checked by their norms
            views(emb_ND, flip_ND)
    distance_P = np.empty(len(sides[0]))
    for at in blocks(len(distance_P)):
        left, right = (block(rows[at], side) for side, rows in enumerate(sides))
        left -= right
        distance_P[at] = np.vecdot(left, left)
    return distance_P


def blocks(num_rows: int, size: int = BLOCK) -> Iterator[slice]:
    """Slices of up to `size` rows that cover all."""
    for start in range(0, num_rows, size):
        yield slice(start, min(start + size, num_rows))


def same_length(
    left_P: NDArray[np.integer[Any]], right_P: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]]:
    """Both sides; `ProtocolError` unless there are as many left as right ones."""
    if len(left_P) != len(right_P):
        raise ProtocolError(
            f"left sides have shape {left_P.shape}, right sides {right_P.shape}: "
            "a pair needs one row of each, in the same order"
        )
    return left_P, right_P


class _Recurring:
    """Blocks of rows where images recur, so that each was normalised once before."""

    def __init__(self, unit_ND: NDArray[np.float64]) -> None:
        self._unit_ND = unit_ND

    def __call__(self, rows: NDArray[np.integer[Any]], side: int) -> NDArray[np.float64]:
        """`[n, D]`, a copy."""
        found: NDArray[np.float64] = self._unit_ND[rows]
        return found


class _Summed:
    """Blocks of summed, normalised rows, in memory that stays in cache from block to block."""

    def __init__(self, shaped: list[Floats]) -> None:
        dim = shaped[0].shape[1]
        self._shaped = shaped
        self._sums = np.empty((2, BLOCK, dim))
        self._taken = [np.empty((BLOCK, dim), dtype=view.dtype) for view in shaped]

    def __call__(self, rows: NDArray[np.integer[Any]], side: int) -> NDArray[np.float64]:
        """`[n, D]` of up to `BLOCK` rows; good until the same side is asked for again."""
        first, *second = self._shaped
        count = len(rows)
        total: NDArray[np.float64] = self._sums[side, :count]
        total[...] = self._take(0, rows)
        with np.errstate(over="ignore", invalid="ignore"):
            for number in range(1, len(self._shaped)):
                total += self._take(number, rows)
            norm_n = np.sqrt(np.vecdot(total, total))
        if not np.isfinite(norm_n).all():
            sum_normalise(first, second[0] if second else None)  # its error names the image
            return normalise(total).astype(np.float64, copy=False)
        norm_n[norm_n == 0] = 1
        total /= norm_n[:, None]
        return total

    def _take(self, number: int, rows: NDArray[np.integer[Any]]) -> Floats:
        taken = self._taken[number][: len(rows)]
        return np.take(self._shaped[number], rows, axis=0, out=taken, mode="clip")
