"""From raw model outputs to what a protocol compares.

`sum_normalise` is insightface's rule (recognition/arcface_torch/eval/verification.py): e = a + b of
the original and the mirrored view, divided by |e|. `concatenate` is BoundaryFace's
(eval/eval_lfw.py): [a, b], raw. Outputs that are not finite are refused: compared, they would look
like rejected pairs.

Shapes: N images, D outputs per view, P pairs.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import NumericsError, ProtocolError

Floats = NDArray[np.floating[Any]]


def finite(emb_ND: Floats, what: str = "embeddings") -> Floats:
    """The array itself; `NumericsError` names the first row that holds NaN or infinity."""
    if emb_ND.ndim != 2 or 0 in emb_ND.shape:
        raise ProtocolError(f"{what} have shape {emb_ND.shape}; expected (images, dimensions)")
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
    original = finite(np.asarray(emb_ND))
    if flip_ND is None:
        return [original]
    mirrored = finite(np.asarray(flip_ND), "mirrored embeddings")
    if mirrored.shape != original.shape:
        raise ProtocolError(
            f"embeddings have shape {original.shape}, mirrored ones {mirrored.shape}: "
            "both views need the same images in the same order"
        )
    return [original, mirrored]


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
    rows = np.asarray(row_P)
    if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer):
        raise ProtocolError(
            f"pair rows have shape {rows.shape} and type {rows.dtype}; "
            "expected whole numbers, one a pair"
        )
    outside = (rows < 0) | (rows >= len(emb_ND))
    if outside.any():
        first = int(np.argmax(outside))
        raise ProtocolError(
            f"pair {first} asks for image {rows[first]} of {len(emb_ND)} ({int(outside.sum())} "
            "such pairs). Are pair list and embeddings of the same set?"
        )
    picked: Floats = emb_ND[rows]
    return picked


def squared_distance(left_PD: Floats, right_PD: Floats) -> Floats:
    """`[P]` sum of squared differences; 2 - 2 cos for unit vectors, so 0..4."""
    return np.asarray(np.sum(np.square(left_PD - right_PD), axis=1))
