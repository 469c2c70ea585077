"""IJB's 1:1 protocol as the published scripts compute it, loop by loop, to measure against.

Every template searches all images for its own, pairs gather both features in float64, 100,000 at a
time, and the rates come from the whole ROC curve, thinned as scikit-learn does it. Own code; the
rules are those of `frlib.metrics.templates` and `frlib.metrics.one_to_one`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_BATCH = 100_000


def pooled(
    emb_ND: NDArray[np.float32],
    flip_ND: NDArray[np.float32],
    template_N: NDArray[np.int64],
    media_N: NDArray[np.int64],
    score_N: NDArray[np.float32],
    setting: str,
) -> NDArray[np.float64]:
    """`[T, D]` templates in ascending order of id."""
    image_ND = emb_ND + flip_ND if setting[5] == "1" else emb_ND
    if setting[1] == "0":
        image_ND = image_ND / np.sqrt(np.sum(image_ND**2, axis=1, keepdims=True))
    if setting[3] == "1":
        image_ND = image_ND * score_N[:, None]
    known = np.unique(template_N)
    found = np.zeros((len(known), emb_ND.shape[1]))
    for row, template in enumerate(known):
        (own,) = np.where(template_N == template)
        images_nD, media_n = image_ND[own], media_N[own]
        parts = []
        for medium in np.unique(media_n):
            (of_medium,) = np.where(media_n == medium)
            parts.append(np.mean(images_nD[of_medium], axis=0))
        found[row] = np.sum(parts, axis=0)
    return found / np.sqrt(np.sum(found**2, axis=1, keepdims=True))


def scores(
    unit_TD: NDArray[np.float64], left_P: NDArray[np.integer], right_P: NDArray[np.integer]
) -> NDArray[np.float64]:
    """`[P]` dot products."""
    found = np.zeros(len(left_P))
    for start in range(0, len(left_P), _BATCH):
        part = slice(start, start + _BATCH)
        found[part] = np.sum(unit_TD[left_P[part]] * unit_TD[right_P[part]], axis=-1)
    return found


def curve(
    score_P: NDArray[np.floating], same_P: NDArray[np.bool_], *, thins: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.floating]]:
    """(FPR, TPR, threshold) of the ROC curve from (0, 0) on, accepting scores >= threshold."""
    order = np.argsort(score_P, kind="mergesort")[::-1]
    score, same = score_P[order], same_P[order].astype(np.float64)
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    tar = np.cumsum(same)[last]
    far = 1 + last - tar
    score = score[last]
    if thins and len(far) > 2:
        corner = np.logical_or(np.diff(far, 2), np.diff(tar, 2))
        (stays,) = np.where(np.r_[True, corner, True])
        far, tar, score = far[stays], tar[stays], score[stays]
    far, tar, score = np.r_[0, far], np.r_[0, tar], np.r_[np.inf, score]
    return far / far[-1], tar / tar[-1], score


def nearest(
    score_P: NDArray[np.floating],
    same_P: NDArray[np.bool_],
    targets: Sequence[float],
    *,
    thins: bool = True,
) -> list[tuple[float, float]]:
    """(TAR, realised FAR) for every target: the point of the curve with the nearest FPR."""
    far, tar, _ = curve(score_P, same_P, thins=thins)
    far, tar = np.flipud(far), np.flipud(tar)
    found = []
    for target in targets:
        at = int(np.argmin(np.abs(far - target)))
        found.append((float(tar[at]), float(far[at])))
    return found
