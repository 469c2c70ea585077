"""How many rows of a class a ratio asks for, which ones, and the account of what came of it."""

import logging
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data.manifest import CLEAN, Manifest


def counts(sizes: NDArray[np.int64], ratio: float, strict: bool) -> NDArray[np.int64]:
    """`[C]` class sizes -> `[C]` rows, floor(n * ratio).

    `strict`: the product in binary floating point, as the published scripts (100 at 0.29 gives 28);
    else exact from the ratio's shortest decimal text (29).
    """
    if strict:
        floats: NDArray[np.float64] = np.floor(sizes * ratio)
        return floats.astype(np.int64)
    exact = Decimal(repr(ratio))
    unique, where = np.unique(sizes, return_inverse=True)
    floors = [int((exact * int(n)).to_integral_value(ROUND_FLOOR)) for n in unique]
    exact_counts: NDArray[np.int64] = np.asarray(floors, dtype=np.int64)[where]
    return exact_counts


def pick(
    classes: NDArray[np.int64],
    wanted: NDArray[np.int64],
    allowed: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Ascending rows: of each class c, `wanted[c]` of its allowed rows, all choices equally likely.

    `classes`, `allowed`: `[N]`. One random key is drawn per row whatever is wanted, so with the
    same stream a larger count picks a superset. Rows are sorted by class and the first 32 bits of
    the key in one word, which takes a fifth of the time of sorting by two columns.
    """
    keys = (rng.random(len(classes)) * 2**32).astype(np.int64)
    order = np.argsort((classes << 32) | keys, kind="stable")
    order = order[allowed[order]]
    sorted_classes = classes[order]
    first = np.searchsorted(sorted_classes, np.arange(len(wanted)))
    rank = np.arange(len(order)) - first[sorted_classes]
    return np.sort(order[rank < wanted[sorted_classes]])


def untouched_sizes(clean: Manifest) -> NDArray[np.int64]:
    """`[C]` images of every class that reshaping left alone: what ratios of flips are shares of."""
    return np.bincount(clean.labels[clean.kinds == CLEAN], minlength=clean.num_classes)


def flippable(
    manifest: Manifest,
    clean: Manifest,
    ratio: float,
    strict: bool,
    rng: np.random.Generator,
    what: str,
) -> NDArray[np.int64]:
    """Ascending rows that a flip of this ratio takes, among those that are clean so far.

    `DataError` when a class has too few of them left.
    """
    untouched = manifest.kinds == CLEAN
    wanted = counts(untouched_sizes(clean), ratio, strict)
    require_enough(clean, wanted, untouched, what)
    return pick(clean.labels, wanted, untouched, rng)


def account(
    clean: Manifest,
    rows: NDArray[np.int64],
    ratio: float,
    strict: bool,
    sizes: NDArray[np.int64] | None = None,
) -> dict[str, Any]:
    """What was realised, as plain JSON types: overall, and the spread over classes.

    `sizes`: `[C]` images that the ratio is a share of; `untouched_sizes` if not given.
    """
    sizes = untouched_sizes(clean) if sizes is None else sizes
    per_class = np.bincount(clean.labels[rows], minlength=clean.num_classes)
    present = sizes > 0
    ratios = per_class[present] / sizes[present]
    return {
        "ratio": ratio,
        "strict": strict,
        "rows": len(rows),
        "of_rows": int(sizes.sum()),
        "realised_ratio": len(rows) / int(sizes.sum()),
        "classes_touched": int((per_class > 0).sum()),
        "classes_untouched": int((per_class[present] == 0).sum()),
        "single_image_classes": int((clean.class_sizes == 1).sum()),
        "class_rows_min_median_max": [
            int(per_class[present].min()),
            float(np.median(per_class[present])),
            int(per_class.max()),
        ],
        "class_ratio_min_median_max": [
            float(ratios.min()),
            float(np.median(ratios)),
            float(ratios.max()),
        ],
    }


def with_account(manifest: Manifest, name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The manifest's facts with this entry added under `noise`."""
    return manifest.facts | {"noise": manifest.facts.get("noise", {}) | {name: entry}}


def require_enough(
    clean: Manifest, wanted: NDArray[np.int64], allowed: NDArray[np.bool_], what: str
) -> None:
    """`DataError` when a class is asked for more rows than it has left."""
    left = np.bincount(clean.labels[allowed], minlength=clean.num_classes)
    short = np.flatnonzero(wanted > left)
    if len(short):
        worst = int(short[0])
        raise DataError(
            f"{what} asks for {wanted.sum():,} images, but {len(short):,} identities have too few "
            f"that earlier noise left alone, first {clean.identities[worst]!r}: {wanted[worst]:,} "
            f"asked of {left[worst]:,} left of {clean.class_sizes[worst]:,}. "
            "Make the sum of the ratios at most 1."
        )


def log_shortfall(logger: logging.Logger, what: str, entry: dict[str, Any]) -> None:
    """Warn when nothing was realised; else say how much was."""
    level = logging.INFO if entry["rows"] else logging.WARNING
    logger.log(
        level,
        "%s.ratio=%s: %s of %s rows (%.4f); %s identities untouched, %s have a single image",
        what,
        entry["ratio"],
        f"{entry['rows']:,}",
        f"{entry['of_rows']:,}",
        entry["realised_ratio"],
        entry["classes_untouched"],
        entry["single_image_classes"],
    )
