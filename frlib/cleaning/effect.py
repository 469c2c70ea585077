"""What findings do to the labels of the samples they are on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frlib.cleaning.evidence import Apply
from frlib.cleaning.findings import Findings

FEWEST_CLASSES = 2
"""That something can be trained on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Effect:
    """`[N]` each. labels: after the findings, of dropped samples as before."""

    labels: NDArray[np.int64]
    is_relabelled: NDArray[np.bool_]
    is_dropped: NDArray[np.bool_]


def effect(found: Findings, apply: Apply) -> Effect:
    """What is done about flagged samples, in the numbers of the findings."""
    relabelled = found.relabelled() & (apply != "drop")
    return Effect(
        labels=np.where(relabelled, found.proposed, found.given),
        is_relabelled=relabelled,
        is_dropped=found.is_flagged & ~relabelled & (apply != "relabel"),
    )


def shortage(found: Findings, apply: Apply, fewest_images: int) -> str:
    """Why nothing can be trained on what findings leave of their samples; empty where it can."""
    done = effect(found, apply)
    left = done.labels[~done.is_dropped]
    classes = len(np.unique(left))
    if classes >= FEWEST_CLASSES and len(left) >= fewest_images:
        return ""
    return (
        f"{int(found.is_flagged.sum()):,} of {len(found):,} samples are flagged, and apply={apply} "
        f"leaves {len(left):,} images of {classes:,} people; expected at least {fewest_images:,} "
        f"of {FEWEST_CLASSES}"
    )
