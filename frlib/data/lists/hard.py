"""Hard pairs: same pairs as drawn, and the different pairs of a fold that look most alike.

For every image of a fold's people the most similar images of the fold's other people are looked up
by cosine. Two people first meet in their most similar images; only when all people who were found
have met do they meet again, so that no look-alike couple fills a fold. SLLFW does the same by hand:
LFW's same pairs, and look-alikes for its different ones.

Source of the idea: Deng et al., Fine-grained face verification: FGLFW database, baselines, and
human-DCMN partnership, Pattern Recognition 66, 2017.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from frlib.data.manifest import Manifest
from frlib.data.pairs import Pairs
from frlib.data.vectors import Vectors

_NEIGHBOURS = 8
_BLOCK = 2**24


def harden(manifest: Manifest, drawn: Pairs, vectors: Vectors) -> Pairs:
    """`drawn` with the different pairs of every fold replaced, as many as there were.

    The people of a fold are those of its drawn pairs. Raises `DataError` for images without vector.
    """
    left, right = drawn.left.copy(), drawn.right.copy()
    for fold in range(drawn.num_folds):
        mine = drawn.fold == fold
        people = np.unique(manifest.labels[np.concatenate([drawn.left[mine], drawn.right[mine]])])
        rows = np.flatnonzero(np.isin(manifest.labels, people))
        unit = vectors.values[vectors.places(manifest.ids[rows])]
        unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
        places = np.flatnonzero(mine & ~drawn.same)
        found = closest(unit, manifest.labels[rows], len(places))
        left[places], right[places] = rows[found[:, 0]], rows[found[:, 1]]
    return replace(drawn, left=left, right=right)


def closest(
    unit_ND: NDArray[np.float32],
    labels_N: NDArray[np.int64],
    wanted: int,
    neighbours: int = _NEIGHBOURS,
) -> NDArray[np.int64]:
    """`[wanted, 2]` positions of pairs with different labels, by the rule of this module.

    At least `wanted` such pairs must exist. `neighbours` are looked up for every image, and more
    where those do not make up enough pairs. Blockwise: about 64 MiB of cosines at a time.
    """
    while True:
        pairs, cosines = _candidates(unit_ND, labels_N, min(neighbours, len(unit_ND)))
        if len(pairs) >= wanted or neighbours >= len(unit_ND):
            break
        neighbours *= 4
    order = np.argsort(-cosines, kind="stable")
    pairs = pairs[order]
    meeting = _meeting(labels_N[pairs])
    chosen: NDArray[np.int64] = pairs[np.argsort(meeting, kind="stable")[:wanted]]
    return chosen


def _candidates(
    unit_ND: NDArray[np.float32], labels_N: NDArray[np.int64], neighbours: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """`[P, 2]` distinct pairs of every image with its neighbours, smaller first; `[P]` cosines."""
    pairs, cosines = [], []
    step = max(1, _BLOCK // len(unit_ND))
    for start in range(0, len(unit_ND), step):
        block = unit_ND[start : start + step]
        product = block @ unit_ND.T
        product[labels_N[start : start + step, None] == labels_N[None, :]] = -np.inf
        best = np.argpartition(-product, neighbours - 1, axis=1)[:, :neighbours]
        value = np.take_along_axis(product, best, axis=1)
        row, column = np.nonzero(np.isfinite(value))
        pairs.append(np.stack([row + start, best[row, column]], axis=1))
        cosines.append(value[row, column])
    both = np.sort(np.concatenate(pairs), axis=1)
    unique, first = np.unique(both, axis=0, return_index=True)
    return unique.astype(np.int64), np.concatenate(cosines)[first]


def _meeting(labels_P2: NDArray[np.int64]) -> NDArray[np.int64]:
    """`[P]` which meeting of its two people a pair is, 0 for the first, in the given order."""
    people = np.sort(labels_P2, axis=1)
    couple = np.unique(people, axis=0, return_inverse=True)[1].reshape(-1)
    order = np.argsort(couple, kind="stable")
    sizes = np.bincount(couple)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    meeting = np.empty(len(couple), dtype=np.int64)
    meeting[order] = np.arange(len(couple)) - starts
    return meeting
