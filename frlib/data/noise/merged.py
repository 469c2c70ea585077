"""Merged classes: two people under one label, as when a search finds namesakes.

    floor(C * ratio) pairs of classes are drawn; the smaller joins the larger

Nobody is in two pairs, so at most half of the classes can be merged. With `embeddings` the partner
of a drawn class is the nearest free one among its 32 nearest, by the cosine of class centres, in
place of any. The smaller class is taken off the identities and the rest are renumbered; its name
goes to `others`, and its rows keep it as their true label.
"""

import logging
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.data import vectors
from frlib.data.manifest import CLEAN, MERGED, Manifest
from frlib.data.noise import _share
from frlib.data.noise._step import Step

STAGE, ORDER = "reshaping", 30
PAPER = Paper(key="own", title="Merged classes", where="this project's own construction")
_NEIGHBOURS = 32
_log = logging.getLogger(__name__)


class Config(Step):
    """How many classes, and with whom."""

    FILES: ClassVar[tuple[str, ...]] = ("embeddings",)

    ratio: float = setting(0.0, ge=0, le=0.5, doc="share of the classes that lose their label")
    embeddings: str = setting(
        "",
        doc="file with an embedding of every image: merge with the nearest; empty: with anybody. "
        "Its content decides, not its place",
    )


def apply(
    manifest: Manifest,
    config: Config,
    rng: np.random.Generator,
    *,
    clean: Manifest,
    pool: Manifest | None = None,
) -> Manifest:
    """Fewer classes over the same rows. `clean` and `pool` are not used.

    Classes without a clean row (those that `duplicate` made) are left alone. `DataError` when the
    embeddings lack an image.
    """
    if config.is_neutral:
        return manifest
    num_classes = manifest.num_classes
    asked = int(_share.counts(np.array([num_classes]), config.ratio, strict=False)[0])
    able = _share.untouched_sizes(manifest) > 0
    walk = rng.permutation(num_classes)
    walk = walk[able[walk]]
    first, second = _nearest(manifest, config, walk, able) if config.embeddings else _any(walk)
    first, second = first[:asked], second[:asked]
    sizes = manifest.class_sizes
    joins = sizes[first] < sizes[second]
    smaller, larger = np.where(joins, first, second), np.where(joins, second, first)
    entry = {
        "ratio": config.ratio,
        "by": "embeddings" if config.embeddings else "chance",
        "rows": int(sizes[smaller].sum()),
        "of_rows": len(manifest),
        "classes_asked": asked,
        "classes_merged": len(smaller),
        "of_classes": num_classes,
        "realised_ratio": len(smaller) / num_classes,
    }
    level = logging.WARNING if len(smaller) < asked or not asked else logging.INFO
    _log.log(
        level,
        "noise.merged.ratio=%s: %s of %s classes joined another one, %s asked for",
        config.ratio,
        f"{len(smaller):,}",
        f"{num_classes:,}",
        f"{asked:,}",
    )
    merged = _merge(manifest, smaller, larger)
    return replace(merged, facts=_share.with_account(manifest, "merged", entry))


def _any(walk: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    even = len(walk) // 2 * 2
    return walk[0:even:2], walk[1:even:2]


def _nearest(
    manifest: Manifest, config: Config, walk: NDArray[np.int64], able: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    known = vectors.read(Path(config.embeddings))
    centres = vectors.class_centres(known, manifest.ids, manifest.labels, manifest.num_classes)
    near = vectors.nearest(centres, min(_NEIGHBOURS, max(1, len(walk) - 1)), able).tolist()
    used, pairs = set[int](), []
    for label in walk.tolist():
        partner = next((n for n in near[label] if n >= 0 and n not in used), None)
        if label not in used and partner is not None:
            used |= {label, partner}
            pairs.append((label, partner))
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return first, second


def _merge(manifest: Manifest, smaller: NDArray[np.int64], larger: NDArray[np.int64]) -> Manifest:
    num_classes = manifest.num_classes
    keep = np.ones(num_classes, dtype=bool)
    keep[smaller] = False
    given = np.arange(num_classes)
    given[smaller] = larger
    number = np.cumsum(keep) - 1
    gone = np.sort(smaller)
    left = num_classes - len(gone)
    person = np.concatenate([number, len(gone) + left + np.arange(len(manifest.others))])
    person[gone] = left + np.arange(len(gone))
    kinds = manifest.kinds.copy()
    kinds[~keep[manifest.labels] & (kinds == CLEAN)] = MERGED
    true = manifest.true_labels
    names = np.array(manifest.identities, dtype=object)
    return replace(
        manifest,
        labels=number[given[manifest.labels]],
        true_labels=np.where(true >= 0, person[np.maximum(true, 0)], true),
        kinds=kinds,
        identities=tuple(names[keep]),
        others=(*names[gone], *manifest.others),
    )
