"""MegaFace as the published evaluator computes it, to measure against.

The full matrix of scores of all probes and all distractors, the best of every row by
`argpartition`, then a loop over every trial (FaceX-Zoo, test_protocol/megaface). Memory is 12 bytes
for every probe and distractor.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def accuracy(
    probe_MD: Floats, person_M: NDArray[np.int64], distractor_ND: Floats, ranks: int
) -> Floats:
    """`[ranks]` share of trials right at rank 1, 2, ..; features of length one."""
    scores = probe_MD @ distractor_ND.T
    place = np.argpartition(-scores, ranks, axis=1)[:, :ranks]
    best = -np.sort(-np.take_along_axis(scores, place, axis=1), axis=1)
    within = probe_MD @ probe_MD.T
    right, trials = np.zeros(ranks, dtype=np.int64), 0
    for person in np.unique(person_M):
        rows = np.flatnonzero(person_M == person)
        for gallery in rows:
            for probe in rows:
                if probe != gallery:
                    trials += 1
                    for rank in range(ranks):
                        right[rank] += within[probe, gallery] >= best[probe, rank]
    found: Floats = right / trials
    return found
