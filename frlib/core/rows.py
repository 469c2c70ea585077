"""Lengths of vectors, with the refusal that everything compared by angle needs.

A vector with NaN or infinity in it is not near to anything and not far either: every comparison
with it is false, and it would be dropped or kept by accident. It is refused by its row number.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError, NumericsError


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
