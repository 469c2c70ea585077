"""Scores of listed pairs of templates: dot products of chosen rows, dense or gathered.

A list such as IJB-C's names few distinct templates many times: 15.66 M pairs of 3,531 and 19,593.
`dense` multiplies blocks of the distinct left rows by all distinct right rows and picks the listed
cells; it costs 2 D operations a cell. `gather` fetches both rows of every pair; it costs 8 D bytes
a pair. The cheaper one by estimate is taken; both give the same scores up to float32 rounding
(1e-6 at unit length).

Shapes: T left and U right rows, D dimensions, P pairs.
"""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.errors import ConfigError, ProtocolError
from frlib.metrics.embeddings import Floats, finite
from frlib.metrics.templates import whole

Way = Literal["dense", "gather"]
DENSE_FROM = 0.025
"""Share of the cells that is listed, from which dense is cheaper: bytes moved per second over four
times the operations per second; 0.019 and 0.029 were measured on two kinds of x86 core, float32."""
_CELLS = 2**22
_PICKED = 2**20
_GATHERED = 512


def cheaper(num_pairs: int, num_left: int, num_right: int) -> Way:
    """The way with the smaller estimate, from the distinct rows of both sides."""
    return "dense" if num_pairs >= DENSE_FROM * num_left * num_right else "gather"


def pair_scores(
    left_TD: Floats,
    right_UD: Floats,
    left_P: ArrayLike,
    right_P: ArrayLike,
    way: Way | None = None,
) -> NDArray[np.float32]:
    """`[P]` float32 dot products of `left_TD[left_P]` and `right_UD[right_P]`.

    Positions may be int32, in any order; sorted by left they are quickest. Beyond the result and
    the float32 features it needs 20 bytes a pair if the list is not sorted, and blocks of 40 MB.
    `ProtocolError` when a pair names no row or the sides do not fit each other.
    """
    left, right = (
        np.ascontiguousarray(finite(np.asarray(side), what), dtype=np.float32)
        for side, what in ((left_TD, "left templates"), (right_UD, "right templates"))
    )
    if left.shape[1] != right.shape[1]:
        raise ProtocolError(
            f"left templates have {left.shape[1]} dimensions, right ones {right.shape[1]}: scores "
            "across models need embeddings of one dimension"
        )
    rows_P = _rows(left_P, len(left), "left")
    columns_P = _rows(right_P, len(right), "right")
    if len(rows_P) != len(columns_P):
        raise ProtocolError(f"{len(rows_P)} left and {len(columns_P)} right sides of pairs")
    order_P = _order(rows_P)
    sorted_P = rows_P if order_P is None else rows_P[order_P]
    rows, columns = _distinct(rows_P, len(left)), _distinct(columns_P, len(right))
    chosen = way or cheaper(len(rows_P), len(rows), len(columns))
    if chosen not in get_args(Way):
        raise ConfigError(f"way of scoring {chosen!r}: expected one of {', '.join(get_args(Way))}")
    if chosen == "dense":
        return _dense(left, right, rows, columns, sorted_P, columns_P, order_P)
    return _gather(left, right, sorted_P, columns_P, order_P)


def _rows(values: ArrayLike, num_rows: int, side: str) -> NDArray[np.integer[Any]]:
    rows = whole(values, f"{side} sides of pairs")
    if rows.min() < 0 or rows.max() >= num_rows:
        outside = (rows < 0) | (rows >= num_rows)
        raise ProtocolError(
            f"pair {int(np.argmax(outside))} asks for {side} template {rows[np.argmax(outside)]} "
            f"of {num_rows} ({int(outside.sum())} such pairs). Positions are meant here, not ids: "
            "see Templates.positions"
        )
    return rows


def _order(rows_P: NDArray[np.integer[Any]]) -> NDArray[np.intp] | None:
    """Pairs in order of their left row; None when the list has that order."""
    if (rows_P[1:] >= rows_P[:-1]).all():
        return None
    narrow = rows_P.astype(np.uint16) if rows_P.max() < 2**16 else rows_P
    return np.argsort(narrow, kind="stable")


def _distinct(rows_P: NDArray[np.integer[Any]], num_rows: int) -> NDArray[np.intp]:
    named = np.zeros(num_rows, dtype=bool)
    named[rows_P] = True
    return np.flatnonzero(named)


def _dense(
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    sorted_P: NDArray[np.integer[Any]],
    columns_P: NDArray[np.integer[Any]],
    order_P: NDArray[np.intp] | None,
) -> NDArray[np.float32]:
    score_P = np.empty(len(sorted_P), dtype=np.float32)
    place_of_row = np.zeros(len(left), dtype=np.int64)
    place_of_row[rows] = np.arange(len(rows))
    place_of_column = np.zeros(len(right), dtype=np.int64)
    place_of_column[columns] = np.arange(len(columns))
    right_DU = (right if len(columns) == len(right) else right[columns]).T
    block = max(1, _CELLS // len(columns))
    starts = np.append(np.searchsorted(sorted_P, rows), len(sorted_P))
    cells = np.empty((min(block, len(rows)), len(columns)), dtype=np.float32)
    for first in range(0, len(rows), block):
        own = rows[first : first + block]
        found = np.matmul(left[own], right_DU, out=cells[: len(own)]).ravel()
        end = int(starts[first + len(own)])
        for start in range(int(starts[first]), end, _PICKED):
            part = slice(start, min(start + _PICKED, end))
            which = part if order_P is None else order_P[part]
            cell = place_of_row[sorted_P[part]]
            cell -= first
            cell *= len(columns)
            cell += place_of_column[columns_P[which]]
            score_P[which] = found[cell]
    return score_P


def _gather(
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    sorted_P: NDArray[np.integer[Any]],
    columns_P: NDArray[np.integer[Any]],
    order_P: NDArray[np.intp] | None,
) -> NDArray[np.float32]:
    score_P = np.empty(len(sorted_P), dtype=np.float32)
    for start in range(0, len(sorted_P), _GATHERED):
        part = slice(start, start + _GATHERED)
        which = part if order_P is None else order_P[part]
        score_P[which] = np.vecdot(left[sorted_P[part]], right[columns_P[which]])
    return score_P
