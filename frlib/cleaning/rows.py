"""Rows of a manifest by the ids of samples."""

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data.manifest import Manifest
from frlib.data.texts import ABSENT, Texts, places


def rows_of(ids: Texts, manifest: Manifest, whose: str, question: str) -> NDArray[np.int64]:
    """`[n]` row of every id; `DataError` where the manifest lacks one.

    whose: who names these samples, in words. question: that the reader should ask.
    """
    rows = places(ids, manifest.ids)
    absent = np.flatnonzero(rows == ABSENT)
    if len(absent):
        raise DataError(
            f"{whose}: sample {ids[absent[0]]!r} is not in this training set ({len(absent):,} of "
            f"{len(ids):,} such); expected ids of its {len(manifest):,} images, e.g. "
            f"{manifest.ids[0]!r}. {question}"
        )
    return rows
