"""Who is this? A gallery of one image per person, their other images as probes, and distractors.

Roles are those of MegaFace-like protocols: `gallery`, one image of everybody with two images or
more; `probe`, all their other images; `gallery_extra`, images of people who are in nobody's probes,
which make the search harder. Here those are the people with a single image.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.core.seeds import stream
from frlib.data.manifest import Manifest

ROLES = ("gallery", "probe", "gallery_extra")
GALLERY, PROBE, EXTRA = range(len(ROLES))


@dataclass(frozen=True, kw_only=True, eq=False)
class Identification:
    """roles: `[N]` int8 places in `ROLES`, one for every row of a manifest."""

    roles: NDArray[np.int8]

    def counts(self) -> dict[str, int]:
        """Images of every role."""
        found = np.bincount(self.roles, minlength=len(ROLES))
        return {name: int(count) for name, count in zip(ROLES, found, strict=True)}


def choose(manifest: Manifest, seed: int) -> Identification:
    """One random image of everybody with two or more is the gallery; see above for the rest.

    Raises `DataError` where fewer than two people have two images.
    """
    sizes = manifest.class_sizes
    able = np.flatnonzero(sizes > 1)
    if len(able) < 2:
        raise DataError(
            f"{len(able)} of {(sizes > 0).sum():,} identities have two images or more; a search "
            "needs two people at least, each with an image to find and an image to ask with."
        )
    order = np.argsort(manifest.labels, kind="stable")
    starts = np.cumsum(sizes) - sizes
    drawn = stream(seed, "identification").integers(0, sizes[able])
    roles = np.full(len(manifest), PROBE, dtype=np.int8)
    roles[sizes[manifest.labels] == 1] = EXTRA
    roles[order[starts[able] + drawn]] = GALLERY
    return Identification(roles=roles)
