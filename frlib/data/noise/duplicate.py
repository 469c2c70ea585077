"""Duplicate classes: one person under two labels, as when two crawls are put together unmerged.

    floor(C * ratio) classes are split; round(n * share) images move to `<name>#2`

At least two images move and at least two stay, all drawn at random. The new classes are numbered
after all others. Moved rows keep their true label, the class they came from. Classes with fewer
than four images cannot be split; where fewer than asked can, all of those are, and the facts count
both.
"""

import logging
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.data.manifest import CLEAN, DUPLICATE, Manifest
from frlib.data.noise import _share
from frlib.data.noise._step import Step

STAGE, ORDER = "reshaping", 20
PAPER = Paper(key="own", title="Duplicate classes", where="this project's own construction")
SMALLEST = 4
_log = logging.getLogger(__name__)


class Config(Step):
    """How many classes, and how much of each."""

    ratio: float = setting(0.0, ge=0, le=1, doc="share of the classes that are split in two")
    share: float = setting(
        0.5, gt=0, lt=1, doc="share of a split class's images that move to the new class"
    )


def apply(
    manifest: Manifest,
    config: Config,
    rng: np.random.Generator,
    *,
    clean: Manifest,
    pool: Manifest | None = None,
) -> Manifest:
    """More classes over the same rows. `clean` and `pool` are not used."""
    if config.is_neutral:
        return manifest
    num_classes = manifest.num_classes
    sizes = _share.untouched_sizes(manifest)
    walk = rng.permutation(num_classes)
    asked = int(_share.counts(np.array([num_classes]), config.ratio, strict=False)[0])
    split = np.sort(walk[sizes[walk] >= SMALLEST][:asked])
    wanted = np.zeros(num_classes, dtype=np.int64)
    moved = np.rint(sizes[split] * config.share).astype(np.int64)
    wanted[split] = np.clip(moved, SMALLEST // 2, sizes[split] - SMALLEST // 2)
    rows = _share.pick(manifest.labels, wanted, manifest.kinds == CLEAN, rng)
    new_label = np.zeros(num_classes, dtype=np.int64)
    new_label[split] = num_classes + np.arange(len(split))
    labels, kinds = manifest.labels.copy(), manifest.kinds.copy()
    labels[rows] = new_label[labels[rows]]
    kinds[rows] = DUPLICATE
    without_class = manifest.true_labels >= num_classes
    entry = {
        "ratio": config.ratio,
        "share": config.share,
        "rows": len(rows),
        "of_rows": len(manifest),
        "classes_asked": asked,
        "classes_split": len(split),
        "of_classes": num_classes,
        "realised_ratio": len(split) / num_classes,
        "classes_too_small": int((sizes < SMALLEST).sum()),
    }
    level = logging.WARNING if len(split) < asked or not asked else logging.INFO
    _log.log(
        level,
        "noise.duplicate.ratio=%s: %s of %s classes split in two, %s asked for; %s have fewer than "
        "%s images",
        config.ratio,
        f"{len(split):,}",
        f"{num_classes:,}",
        f"{asked:,}",
        f"{entry['classes_too_small']:,}",
        SMALLEST,
    )
    return replace(
        manifest,
        labels=labels,
        kinds=kinds,
        true_labels=np.where(
            without_class, manifest.true_labels + len(split), manifest.true_labels
        ),
        identities=(*manifest.identities, *_names(manifest, split)),
        facts=_share.with_account(manifest, "duplicate", entry),
    )


def _names(manifest: Manifest, split: NDArray[np.int64]) -> list[str]:
    """`<name>#2`, or the first number that is free."""
    taken = {*manifest.identities, *manifest.others}
    names = []
    for label in split.tolist():
        number = 2
        while f"{manifest.identities[label]}#{number}" in taken:
            number += 1
        names.append(f"{manifest.identities[label]}#{number}")
    return names
