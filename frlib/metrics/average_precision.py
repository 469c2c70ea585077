"""Area under the curve of precision over recall, as average precision: no interpolation.

    AP = sum_t (R_t - R_{t-1}) P_t

over the distinct scores t from the largest down, P_t and R_t the precision and recall of those with
a score of t or more. Tied samples enter together, so their order does not matter; all scores equal
give the share of positive samples.

Source: Manning, Raghavan and Schütze, Introduction to Information Retrieval, 2008, section 8.4,
with steps for ties as scikit-learn's `average_precision_score` has them. Shapes: N samples.
"""

import numpy as np
from numpy.typing import ArrayLike

from frlib.core.errors import DataError, NumericsError


def average_precision(score_N: ArrayLike, is_positive_N: ArrayLike) -> float:
    """AP, 0..1; NaN without a positive sample. Scores may be infinite.

    `DataError` for columns that differ in length, `NumericsError` for a score that is NaN.
    """
    score, positive = np.asarray(score_N, dtype=np.float64), np.asarray(is_positive_N, np.bool_)
    if score.ndim != 1 or score.shape != positive.shape:
        raise DataError(
            f"scores of shape {score.shape}, truth of shape {positive.shape}: expected one entry "
            "a sample in both"
        )
    lost = np.isnan(score)
    if lost.any():
        raise NumericsError(
            f"the score of sample {int(lost.argmax())} is NaN ({int(lost.sum())} such); expected "
            "numbers that can be put in order. Check the model's run"
        )
    total = np.count_nonzero(positive)
    if not total:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    hits = np.cumsum(positive[order])[ends]
    return float((np.diff(hits, prepend=0) * (hits / (ends + 1))).sum() / total)
