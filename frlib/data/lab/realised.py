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
    bins = np.frexp(sizes)[1] - 1
    flaws = None if noisy.flaws is None else noisy.flaws.kinds
    classes = np.bincount(
        np.frexp(reference.class_sizes[reference.class_sizes > 0])[1] - 1, minlength=bins.max() + 1
    )
    return {
        "rows": len(noisy),
        "classes": noisy.num_classes,
        "people_without_class": len(noisy.others),
        **_counts(noisy.kinds, flaws),
        "by_class_size": [
            {
                "images": f"{2**b}-{2 ** (b + 1) - 1}" if b else "1",
                "classes": int(classes[b]),
                "rows": int((bins == b).sum()),
                **_counts(noisy.kinds[bins == b], None if flaws is None else flaws[bins == b]),
            }
            for b in np.unique(bins).tolist()
        ],
    }


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
