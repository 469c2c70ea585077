"""Whether a written set is the set it was made from."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data.manifest import Manifest, Sums


def require_same(given: Manifest, stored: tuple[str, ...], found: Manifest) -> None:
    """`DataError` unless `found` has the same images for the same identities.

    `stored`: the name under which identity i of `given` is stored. Images are compared by
    checksum, so their ids may differ.
    """
    where = getattr(found.readers[0], "path", "the written set")
    if len(found) != len(given):
        raise _broken(where, f"{len(found):,} images read back", f"{len(given):,}")
    numbers = {name: number for number, name in enumerate(found.identities)}
    place = np.array([numbers.get(name, -1) for name in stored], dtype=np.int64)
    labels = place[given.labels]
    lost = np.unique(given.labels[labels < 0])
    if len(lost):
        names = ", ".join(stored[label] for label in lost[:5])
        raise _broken(where, f"{len(lost):,} identities missing, first {names}", "all of them")
    here = np.lexsort((given.checksums, labels))
    there = np.lexsort((found.checksums, found.labels))
    same = (labels[here] == found.labels[there]) & (given.checksums[here] == found.checksums[there])
    if not same.all():
        left = _pairs(labels, given.checksums) - _pairs(found.labels, found.checksums)
        label, checksum = next(iter(left))
        first = given.ids[np.flatnonzero((labels == label) & (given.checksums == checksum))[0]]
        raise _broken(
            where, f"{left.total():,} images not read back, first {first!r}", "equal bytes"
        )


def _pairs(labels: NDArray[np.int64], checksums: Sums) -> Counter[tuple[int, bytes]]:
    return Counter(zip(labels.tolist(), checksums.tolist(), strict=True))


def _broken(where: str, what: str, expected: str) -> DataError:
    return DataError(
        f"{where}: {what}; expected {expected}. Nothing was put in place. Is the disk sound? Start "
        "over with --restart."
    )
