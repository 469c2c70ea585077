"""Sub-centre drop as one writes it down: class by class, one product each.

Source of the rule: Deng et al., Sub-center ArcFace, ECCV 2020, and insightface,
recognition/subcenter_arcface/drop.py, which goes class by class as well.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Class(NamedTuple):
    """`[n]` rows of one class, their cosines with its dominant centre, and whether they go."""

    rows: NDArray[np.int64]
    cos: NDArray[np.float32]
    goes: NDArray[np.bool_]


def by_class(labels_N: NDArray[np.int64], num_classes: int) -> list[NDArray[np.int64]]:
    """The rows of every class."""
    order = np.argsort(labels_N, kind="stable")
    ends = np.cumsum(np.bincount(labels_N, minlength=num_classes))
    return np.split(order, ends[:-1])


def drop(
    embeddings_ND: NDArray[np.float32],
    weight_RD: NDArray[np.float32],
    rows_of: list[NDArray[np.int64]],
    loss_k: int,
    angle_deg: float,
    classes: Iterable[int],
) -> Iterator[Class]:
    """These classes in turn; every one of them has rows."""
    bar = np.cos(np.deg2rad(angle_deg))
    for number in classes:
        rows = rows_of[number]
        images = np.array(embeddings_ND[rows])
        images /= np.linalg.norm(images, axis=1, keepdims=True)
        centres = np.array(weight_RD[number * loss_k : (number + 1) * loss_k])
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
        cos = images @ centres.T
        votes = np.bincount(cos.argmax(axis=1), minlength=loss_k)
        own = cos[:, votes.argmax()]
        yield Class(rows, own, own <= bar)
