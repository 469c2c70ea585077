"""Who is kept out of an evaluation list because training knows them.

A person is known by name, where both sources name people, or by image: one file of theirs with
equal bytes in the training set is enough, whatever the names are.
"""

from dataclasses import dataclass

import numpy as np

from frlib.core.config import Config
from frlib.core.errors import DataError
from frlib.data import catalog
from frlib.data.manifest import Manifest


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """The people who may be asked about, and how many were left out for which reason."""

    manifest: Manifest
    by_name: int
    by_image: int


def leave_out(manifest: Manifest, training: list[tuple[Config, Manifest]]) -> Kept:
    """`manifest` without everybody whom one of the training sets knows.

    `by_image` counts those whom a name alone would have missed. Raises `DataError` if fewer than
    two people are left.
    """
    named = np.zeros(manifest.num_classes, dtype=bool)
    pictured = np.zeros(manifest.num_classes, dtype=bool)
    for config, known in training:
        pictured[manifest.labels[np.isin(manifest.checksums, known.checksums)]] = True
        if catalog.names_people(config) and catalog.names_people(manifest.readers[0]):
            trained = {known.identities[label] for label in np.flatnonzero(known.class_sizes)}
            named |= np.array([name in trained for name in manifest.identities])
    keep = ~(named | pictured) & (manifest.class_sizes > 0)
    if keep.sum() < 2:
        raise DataError(
            f"{keep.sum()} of {manifest.num_classes:,} identities are left: training knows "
            f"{named.sum():,} by name and {(pictured & ~named).sum():,} more by image. Collect "
            "images of other people, or leave out --exclude."
        )
    return Kept(
        manifest=manifest if keep.all() else manifest.keep_identities(keep),
        by_name=int(named.sum()),
        by_image=int((pictured & ~named).sum()),
    )
