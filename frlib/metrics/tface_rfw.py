"""TFace's RFW variant, faulty, kept only to reproduce such numbers.

Source: TFace (Tencent), recognition/test/utils.py, rfw_evaluate and rfw_calculate_val.

* Accuracy is that of `insightface` on squared distances with a grid made for cosines (-1 .. 0.999,
  step 0.001): nothing beyond d = 1 (cosine 0.5) can be accepted.
* VAL takes the cosine after subtracting the mean of *all* embeddings (test folds included) and
  accepts small cosines, so it measures the opposite of what it says.

Shapes: P pairs, D dimensions.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frlib.metrics import folds, val
from frlib.metrics.embeddings import squared_distance
from frlib.metrics.verification import Verification, on_distances

RFW_GRID = np.arange(-1, 1, 0.001)


def tface_rfw(
    left_PD: NDArray[np.float64],
    right_PD: NDArray[np.float64],
    same_P: ArrayLike,
    fold_P: ArrayLike,
    target: float = 1e-3,
) -> tuple[Verification, val.Val]:
    """Accuracy and VAL of summed, L2-normalised float64 embeddings, both named `tface-rfw-faulty`.

    `ProtocolError` when a fold lacks one kind of pair. A pair with an embedding equal to the mean
    has no cosine and is never accepted.
    """
    distance_P = squared_distance(left_PD, right_PD)
    accuracy = on_distances(distance_P, same_P, fold_P, RFW_GRID, "tface-rfw-faulty")
    mean_D = np.mean(np.concatenate((left_PD, right_PD)), axis=0)
    left_PD, right_PD = left_PD - mean_D, right_PD - mean_D
    norm_P = np.linalg.norm(left_PD, axis=1) * np.linalg.norm(right_PD, axis=1)
    cosine_P = np.full(len(norm_P), np.nan)
    np.divide(np.sum(left_PD * right_PD, axis=1), norm_P, out=cosine_P, where=norm_P > 0)
    flag_P = folds.same_flags(same_P, len(cosine_P))
    index_P, num_folds = folds.numbered(fold_P, len(cosine_P))
    rates = val.interpolated(
        cosine_P, flag_P, index_P, num_folds, target, RFW_GRID, "tface-rfw-faulty", val.classic
    )
    return accuracy, rates
