"""A hand-made noisy set of four people and findings on it, by sample."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.data.manifest import CLEAN, CLOSED, OPEN, OUTLIER, UNKNOWN, Manifest
from frlib.data.texts import Texts
from tests.unit.data.tiny_sets import manifest

#  id: given, true, kind; person 4 is shown and has no class
SAMPLES = {
    "a0": (0, 0, CLEAN),
    "a1": (0, 0, CLEAN),
    "a2": (0, 1, CLOSED),
    "b0": (1, 1, CLEAN),
    "b1": (1, OUTLIER, OPEN),
    "b2": (1, 4, OPEN),
    "c0": (2, 0, CLOSED),
    "d0": (3, 3, CLEAN),
    "d1": (3, UNKNOWN, CLEAN),
}
PEOPLE = ("ann", "bob", "cy", "dee")
Verdicts = Mapping[str, int | None]
"""Flagged samples: id -> proposed person, or None."""


def world() -> Manifest:
    """The set of `SAMPLES`."""
    labels, true, kinds = (np.array(column) for column in zip(*SAMPLES.values(), strict=True))
    return replace(
        manifest(len(SAMPLES)),
        ids=np.array(list(SAMPLES), dtype=np.dtypes.StringDType()),
        labels=labels,
        true_labels=true,
        kinds=kinds.astype(np.int8),
        identities=PEOPLE,
        others=("zoe",),
    )


def found(
    flagged: Verdicts,
    given: Mapping[str, int] | None = None,
    suspicion: Mapping[str, float] | None = None,
    people: tuple[str, ...] = PEOPLE,
    kind: str = "rule",
) -> Findings:
    """Verdicts on samples and the labels they have; on all of the world's without `given`.

    Suspicion is 0.9 of flagged samples and 0.1 of others where it is not told.
    """
    given = {name: one[0] for name, one in SAMPLES.items()} if given is None else given
    is_flagged = np.array([name in flagged for name in given])
    proposed = [flagged.get(name) for name in given]
    told = suspicion or {}
    return Findings(
        kind=kind,
        ids=np.array(list(given), dtype=np.dtypes.StringDType()),
        identities=people,
        given=np.array(list(given.values())),
        is_flagged=is_flagged,
        proposed=np.array([NO_PROPOSAL if one is None else one for one in proposed]),
        suspicion=np.array([told.get(name, 0.9 if name in flagged else 0.1) for name in given]),
    )


def nothing(
    kind: str, ids: Texts, identities: tuple[str, ...], given: NDArray[np.int64]
) -> Findings:
    """No sample is suspected."""
    return Findings(
        kind=kind,
        ids=ids,
        identities=identities,
        given=given,
        is_flagged=np.zeros(len(ids), dtype=np.bool_),
        proposed=np.full(len(ids), NO_PROPOSAL, dtype=np.int64),
        suspicion=np.zeros(len(ids)),
    )
