"""What noise came to: rows of every kind and flaw, overall and by the size of the class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.data.flaws import FLAWS
from frlib.data.manifest import KINDS, Manifest


def summary(noisy: Manifest, reference: Manifest) -> dict[str, Any]:
    """Plain JSON types. `reference`: the manifest before flips, row for row the same samples.

    `kinds`, `flaws`: rows and their share of all rows, only those that occur. `by_class_size`: the
    same for classes of 1, 2-3, 4-7, 8-15, ... images, the size and class taken from the reference.
    """
    sizes = reference.class_sizes[reference.labels]
    bins = size_bins(sizes)
    flaws = None if noisy.flaws is None else noisy.flaws.kinds
    classes = np.bincount(
        size_bins(reference.class_sizes[reference.class_sizes > 0]), minlength=bins.max() + 1
    )
    return {
        "rows": len(noisy),
        "classes": noisy.num_classes,
        "people_without_class": len(noisy.others),
        **_counts(noisy.kinds, flaws),
        "by_class_size": [
            {
                "images": bin_name(b),
                "classes": int(classes[b]),
                "rows": int((bins == b).sum()),
                **_counts(noisy.kinds[bins == b], None if flaws is None else flaws[bins == b]),
            }
            for b in np.unique(bins).tolist()
        ],
    }


def size_bins(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bin k of sizes 2^k to 2^(k+1) - 1, of each size (at least 1)."""
    return np.frexp(sizes)[1].astype(np.int64) - 1


def bin_name(number: int) -> str:
    """`1`, `2-3`, `4-7`, ... for bins 0, 1, 2, ..."""
    return f"{2**number}-{2 ** (number + 1) - 1}" if number else "1"


def _counts(kinds: NDArray[np.int8], flaws: NDArray[np.int8] | None) -> dict[str, Any]:
    return {
        "kinds": _named(kinds, KINDS),
        "flaws": {} if flaws is None else _named(flaws, FLAWS),
    }


def _named(numbers: NDArray[np.int8], names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    counts = np.bincount(numbers, minlength=len(names)).tolist()
    return {
        name: {"rows": count, "share": count / len(numbers)}
        for name, count in zip(names, counts, strict=True)
        if count
    }
