"""Bag mining: from a bag of identities, the ones that look most alike, to train on together.

    centre_p = mean of the normalised embeddings of identity p, not normalised again
    d_pq     = |centre_p − centre_q|²        d_pp = 1

Pairs are walked from the closest on, and identities not seen before are collected, the smaller
position of a pair first, until there are `want`; where the last pair brings one too many, its
second is left out. Because every identity is paired with itself at distance 1, pairs farther apart
than 1 are never reached: once the close ones are used up, what is still wanted comes in the order
of the bag, mined by nothing. `max_sqdist` is the better rule: only pairs closer than that count,
self-pairs never, and fewer than `want` may come back.

Source: Zhong et al., Unequal-Training for Deep Face Recognition with Long-tailed Noisy Data, CVPR
2019, and their repository, data_longtail_gs.py (`pick_interclass`: 120 of 1200 identities with 3
images each). Deviations: equally distant pairs come in the order of the bag, where the source sorts
unstably; any number of images per identity, where the source reads three or one; an identity with
too few images is an error, where the source mixes it with the next.

Shapes: N = P·M images, P identities, M images per identity, D dimensions, S = P (P + 1) / 2 pairs
with self-pairs, W identities found. Distances are squared, of vectors no longer than 1: 0..4.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist

from frlib.core.errors import DataError
from frlib.core.rows import row_norms

SELF_SQDIST = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Mined:
    """Identities in the order found.

    ids: `[W]` positions in the bag.
    sqdist: `[W]` distance of the pair that brought it, ascending; 1 where that was a self-pair.
    """

    ids: NDArray[np.int64]
    sqdist: NDArray[np.float64]


def centres_of(
    emb_ND: NDArray[Any], images_per_identity: int = 3, labels_N: ArrayLike | None = None
) -> NDArray[np.float64]:
    """`[P, D]` means of normalised embeddings.

    emb_ND: all images of one identity, then all of the next; a zero row counts as zero.
    labels_N: where given, checked to be grouped like that, every identity once.
    """
    emb = np.asarray(emb_ND)
    norm_N = row_norms(emb, "bag")
    if images_per_identity < 1 or len(emb) % images_per_identity:
        raise DataError(
            f"a bag of {len(emb)} images with {images_per_identity} per identity: expected whole "
            "groups. Leave out identities with fewer images, and cut those with more."
        )
    if labels_N is not None:
        _check_groups(np.asarray(labels_N), len(emb), images_per_identity)
    unit_PMD = (emb / norm_N[:, None]).reshape(-1, images_per_identity, emb.shape[1])
    centres_PD: NDArray[np.float64] = unit_PMD.mean(axis=1)
    return centres_PD


def pairs(
    centres_PD: NDArray[Any],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """`[S]` smaller and larger position, and squared distance, of every pair, row after row.

    Self-pairs are among them, at `SELF_SQDIST`.
    """
    centres = np.asarray(centres_PD)
    row_norms(centres, "centres")
    smaller, larger = np.triu_indices(len(centres))
    sqdist = np.full(len(smaller), SELF_SQDIST)
    sqdist[smaller != larger] = pdist(centres, "sqeuclidean")
    return smaller, larger, sqdist


def mine(centres_PD: NDArray[Any], want: int, max_sqdist: float | None = None) -> Mined:
    """Up to `want` identities, those of the closest pairs first.

    max_sqdist: None for the source's rule, which always finds `want`.
    """
    if not 1 <= want <= len(centres_PD):
        raise DataError(
            f"want={want} identities of a bag of {len(centres_PD)}: expected 1 to "
            f"{len(centres_PD)}. Fill a larger bag, or mine fewer."
        )
    smaller, larger, sqdist = pairs(centres_PD)
    if max_sqdist is None:
        eligible = np.flatnonzero(sqdist <= SELF_SQDIST)
    else:
        eligible = np.flatnonzero((sqdist < max_sqdist) & (smaller != larger))
    walk = eligible[np.argsort(sqdist[eligible], kind="stable")]
    ids = np.stack([smaller[walk], larger[walk]], axis=1).ravel()
    first = np.sort(np.unique(ids, return_index=True)[1])[:want]
    return Mined(ids=ids[first].astype(np.int64, copy=False), sqdist=sqdist[walk[first // 2]])


def _check_groups(labels_N: NDArray[Any], images: int, images_per_identity: int) -> None:
    if labels_N.shape != (images,):
        raise DataError(f"labels of shape {labels_N.shape} for {images} images: expected one each")
    groups_PM = labels_N.reshape(-1, images_per_identity)
    mixed = np.flatnonzero((groups_PM != groups_PM[:, :1]).any(axis=1))
    if len(mixed):
        raise DataError(
            f"bag: images {mixed[0] * images_per_identity} to "
            f"{(mixed[0] + 1) * images_per_identity - 1} have labels "
            f"{groups_PM[mixed[0]].tolist()} ({len(mixed)} such groups); expected "
            f"{images_per_identity} images of one identity, then those of the next. Leave out "
            "identities with fewer images."
        )
    names, counts = np.unique(groups_PM[:, 0], return_counts=True)
    again = np.flatnonzero(counts > 1)
    if len(again):
        raise DataError(
            f"bag: identity {names[again[0]]} is in {counts[again[0]]} groups ({len(again)} such "
            "identities); expected each once, or it is mined as its own nearest neighbour. Draw "
            "the identities of a bag without repetition."
        )
