"""What old features say of a class: its mean, and how far it reaches.

    mean     m_c = normalise( Σ_{y_i = c} x_i )      raw: long features weigh more
                   normalise( Σ_{y_i = c} u_i )      unit, u_i = x_i / |x_i|
    centre   z_c = mean of u_i over class c, not scaled to length 1
    radius   R_c = largest kept |u_i − z_c|

A class of n ≥ 4 keeps the distances within [q1 − 1.5·(q3 − q1), q3 + 1.5·(q3 − q1)], where q1 and
q3 are numbers ⌊n/4⌋ and ⌊3n/4⌋, from 0, of its sorted distances; a smaller one keeps all.

Source: MixBCT repository, tools of BCT (mean) and AdvBCT (centre, radius). Deviations: samples in
any order; classes without samples are zero, with a count of 0, where the source needs all.

Shapes: N samples, C classes, d dimensions. Rows are read block by block; C·d numbers are kept, and
N distances.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.core.rows import Rows, add_by_class, blocks, labels_of, row_norms

WHISKER = 1.5
FEWEST = 4


@dataclass(frozen=True, eq=False)
class Radius:
    """centre: `[C, d]`. radius: `[C]` largest kept distance. count: `[C]` kept samples."""

    centre_Cd: NDArray[np.float32]
    radius_C: NDArray[np.float32]
    count_C: NDArray[np.int64]


def class_means(
    rows_Nd: Rows, labels_N: ArrayLike, num_classes: int, weighting: Literal["raw", "unit"]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """`[C, d]` means of length 1, zero for a class without a direction, and `[C]` samples.

    `DataError` where rows and labels do not fit, `NumericsError` for a row that is not finite.
    """
    labels = labels_of(rows_Nd, labels_N, num_classes)
    total_Cd = np.zeros((num_classes, rows_Nd.shape[1]))
    for part, rows_bd, norm_b in blocks(rows_Nd, "old features"):
        weighed_bd = rows_bd if weighting == "raw" else rows_bd / norm_b[:, None]
        add_by_class(total_Cd, weighed_bd, labels[part])
    total_Cd /= row_norms(total_Cd, "sums of old features by class")[:, None]
    return total_Cd.astype(np.float32), np.bincount(labels, minlength=num_classes)


def class_radius(rows_Nd: Rows, labels_N: ArrayLike, num_classes: int) -> Radius:
    """Centre, radius and count of every class; zeros for one without samples.

    Errors as `class_means`. Two passes over the rows.
    """
    labels = labels_of(rows_Nd, labels_N, num_classes)
    count_C = np.bincount(labels, minlength=num_classes)
    centre_Cd = np.zeros((num_classes, rows_Nd.shape[1]))
    for part, rows_bd, norm_b in blocks(rows_Nd, "old features"):
        add_by_class(centre_Cd, rows_bd / norm_b[:, None], labels[part])
    centre_Cd /= np.maximum(count_C, 1)[:, None]
    distance_N = np.empty(len(labels))
    for part, rows_bd, norm_b in blocks(rows_Nd, "old features"):
        away_bd = rows_bd / norm_b[:, None] - centre_Cd[labels[part]]
        distance_N[part] = np.sqrt(np.vecdot(away_bd, away_bd))
    radius_C, kept_C = _reach(distance_N, labels, count_C)
    return Radius(centre_Cd.astype(np.float32), radius_C.astype(np.float32), kept_C)


def _reach(
    distance_N: NDArray[np.float64], labels_N: NDArray[np.int64], count_C: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Largest distance that is no outlier of its class, and how many are none: `[C]` each."""
    order = np.lexsort((distance_N, labels_N))
    sorted_N, owner_N = distance_N[order], labels_N[order]
    some = np.flatnonzero(count_C)
    size, first = count_C[some], (np.cumsum(count_C) - count_C)[some]
    low, high = sorted_N[first + size // 4], sorted_N[first + 3 * size // 4]
    reach = np.where(size < FEWEST, np.inf, WHISKER * (high - low))
    least_C, most_C = np.zeros(len(count_C)), np.zeros(len(count_C))
    least_C[some], most_C[some] = low - reach, high + reach
    is_kept_N = (sorted_N >= least_C[owner_N]) & (sorted_N <= most_C[owner_N])
    kept_C = np.bincount(owner_N[is_kept_N], minlength=len(count_C))
    radius_C = np.zeros(len(count_C))
    np.maximum.at(radius_C, owner_N[is_kept_N], sorted_N[is_kept_N])
    return radius_C, kept_C
