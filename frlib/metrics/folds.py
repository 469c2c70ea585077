"""Which pairs choose a threshold and which are judged by it.

A protocol with K folds judges every fold with a threshold chosen on the K - 1 others. With K = 1
all pairs both choose and are judged, as in insightface,
recognition/arcface_torch/eval/verification.py.

Shapes: P pairs, K folds.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ProtocolError


def contiguous(num_pairs: int, num_folds: int) -> NDArray[np.int64]:
    """`[P]` fold ids 0..K-1 in order, unshuffled; the first P mod K folds get one pair more."""
    if not 1 <= num_folds <= num_pairs:
        raise ProtocolError(
            f"{num_folds} folds of {num_pairs} pairs: every fold needs a pair. "
            f"Choose between 1 and {num_pairs} folds."
        )
    smaller, larger = divmod(num_pairs, num_folds)
    sizes = np.full(num_folds, smaller)
    sizes[:larger] += 1
    return np.repeat(np.arange(num_folds, dtype=np.int64), sizes)


def numbered(fold_P: ArrayLike, num_pairs: int) -> tuple[NDArray[np.int64], int]:
    """Fold ids (any whole numbers) as positions 0..K-1 in ascending order of id, and K."""
    ids = np.asarray(fold_P)
    if ids.shape != (num_pairs,) or not np.issubdtype(ids.dtype, np.integer):
        raise ProtocolError(
            f"fold ids have shape {ids.shape} and type {ids.dtype}; expected one whole number for "
            f"each of the {num_pairs} pairs (see frlib.metrics.folds.contiguous)"
        )
    found, position = np.unique(ids, return_inverse=True)
    return position.astype(np.int64), len(found)


def chooses(fold_P: NDArray[np.int64], fold: int, num_folds: int) -> NDArray[np.bool_]:
    """`[P]` mask of the pairs that choose the threshold of `fold`."""
    return fold_P != fold if num_folds > 1 else np.ones(len(fold_P), dtype=bool)


def same_flags(same_P: ArrayLike, num_pairs: int) -> NDArray[np.bool_]:
    """`[P]` bool, from bool or 0 and 1; `ProtocolError` unless both kinds of pair are there."""
    flags: NDArray[Any] = np.asarray(same_P)
    if flags.shape != (num_pairs,):
        raise ProtocolError(
            f"same/different flags have shape {flags.shape}; expected one a pair ({num_pairs})"
        )
    if flags.dtype != bool:
        if not np.isin(flags, (0, 1)).all():
            raise ProtocolError(
                f"same/different flags hold {np.unique(flags)[:5].tolist()}; expected only 0 and 1 "
                "(lists that mark different pairs with -1 must be converted when read)"
            )
        flags = flags.astype(bool)
    num_same = int(flags.sum())
    if num_same in (0, num_pairs):
        raise ProtocolError(
            f"{num_same} same and {num_pairs - num_same} different pairs: verification needs both "
            "kinds. Check the pair list or how the pairs were drawn."
        )
    return flags
