"""Rows of vectors: lengths, blocks, sums by class, with the refusal that comparing by angle needs.

A vector with NaN or infinity in it is not near to anything and not far either: every comparison
with it is false, and it would be dropped or kept by accident. It is refused by its row number.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import DataError, NumericsError

BLOCK_NUMBERS = 2**20


class Rows(Protocol):
    """`[N, D]` raw rows that are read by slices: an array, a memory map, or what stands for one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """N and D."""
        ...

    def __getitem__(self, part: slice, /) -> NDArray[Any]:
        """Rows of a slice."""
        ...


def row_norms(rows_ND: NDArray[Any], what: str, first_row: int = 0) -> NDArray[np.float64]:
    """`[N]` L2 norms in float64, 1 for a zero row, so that dividing by them leaves it at zero.

    `what` names the rows in messages; `first_row` is the number of the first of them there.
    """
    if rows_ND.ndim != 2 or not rows_ND.shape[1]:
        raise DataError(f"{what}: shape {rows_ND.shape}; expected (rows, dimensions)")
    wide_ND = rows_ND.astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        norm_N: NDArray[np.float64] = np.sqrt(np.vecdot(wide_ND, wide_ND))
    bad = np.flatnonzero(~np.isfinite(norm_N))
    if len(bad):
        raise NumericsError(
            f"{what}: row {first_row + bad[0]} has no finite length ({len(bad)} of {len(norm_N)} "
            "rows read together): it holds NaN, infinity or numbers beyond 1e150. Check the "
            "checkpoint they come from, or compute them in float32."
        )
    norm_N[norm_N == 0] = 1
    return norm_N


def blocks(
    rows_ND: Rows, what: str
) -> Iterator[tuple[slice, NDArray[np.float64], NDArray[np.float64]]]:
    """Block by block: which rows, the rows `[b, D]` in float64, their `row_norms` `[b]`."""
    step = max(1, BLOCK_NUMBERS // rows_ND.shape[1])
    for start in range(0, rows_ND.shape[0], step):
        rows_bD = np.asarray(rows_ND[start : start + step], dtype=np.float64)
        norm_b = row_norms(rows_bD, what, start)
        yield slice(start, start + len(rows_bD)), rows_bD, norm_b


def add_by_class(
    total_CD: NDArray[np.float64], rows_bD: NDArray[np.float64], labels_b: NDArray[np.int64]
) -> None:
    """Add every row to the total of its class, in place."""
    order = np.argsort(labels_b, kind="stable")
    present, first = np.unique(labels_b[order], return_index=True)
    total_CD[present] += np.add.reduceat(rows_bD[order], first, axis=0)


def labels_of(rows_ND: Rows, labels_N: ArrayLike, num_classes: int) -> NDArray[np.int64]:
    """`[N]` the labels as whole numbers; `DataError` unless each row has one of `num_classes`."""
    labels = np.asarray(labels_N, dtype=np.int64)
    if len(rows_ND.shape) != 2 or labels.shape != rows_ND.shape[:1]:
        raise DataError(
            f"embeddings of shape {rows_ND.shape} for labels of shape {labels.shape}: "
            "expected one row a label. Are both of the same run?"
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
        raise DataError(
            f"labels from {labels.min()} to {labels.max()}: expected 0 to {num_classes - 1}, the "
            "classes of the set"
        )
    return labels
