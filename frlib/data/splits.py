"""Which identities are trained on and which are kept to select on. No identity is in both."""

import logging
from dataclasses import replace
from typing import Any

import numpy as np

from frlib.core.errors import DataError
from frlib.core.seeds import stream
from frlib.data.config import DataConfig
from frlib.data.manifest import Manifest

_log = logging.getLogger(__name__)


def split(manifest: Manifest, data: DataConfig) -> tuple[Manifest, Manifest | None]:
    """(train, held out); held out is None when the configuration keeps nobody.

    Identities with at least `min_images` images are trained on, except a share of
    `holdout.fraction` of them (at least two), drawn alike for every replicate. With
    `holdout.use_small`, those with 2 to `min_images - 1` images are held out too. The rest is
    dropped and counted in `facts["split"]`. Raises `DataError` when nobody can be verified or fewer
    than two identities are left to train on.
    """
    sizes = manifest.class_sizes
    if sizes.max() < 2:
        raise DataError(
            f"each of the {manifest.num_classes:,} identities has one image: no two images show "
            "the same person, so there is nothing to train or select on. Are identities read from "
            "the right folder level or column?"
        )
    trained = sizes >= data.min_images
    drawn = np.zeros_like(trained)
    if data.holdout.fraction > 0:
        candidates = np.flatnonzero(trained)
        number = max(2, round(data.holdout.fraction * len(candidates)))
        drawn[stream(0, "holdout").permutation(candidates)[:number]] = True
    trained &= ~drawn
    small = (sizes >= 2) & (sizes < data.min_images) & data.holdout.use_small
    held = drawn | small
    if trained.sum() < 2:
        raise DataError(
            f"{trained.sum()} identities are left to train on, of {manifest.num_classes:,} "
            f"(largest: {sizes.max():,} images); at least 2 are needed. Lower data.min_images="
            f"{data.min_images} or data.holdout.fraction={data.holdout.fraction}."
        )
    facts = _facts(sizes, trained, held)
    _log.info("split: %s", facts)
    return (
        _with(manifest.keep_identities(trained), facts),
        _with(manifest.keep_identities(held), facts) if held.any() else None,
    )


def _facts(sizes: Any, trained: Any, held: Any) -> dict[str, int]:
    dropped = ~trained & ~held
    return {
        f"{name}_{what}": int(count)
        for name, mask in (("train", trained), ("held_out", held), ("dropped", dropped))
        for what, count in (("identities", mask.sum()), ("images", sizes[mask].sum()))
    }


def _with(manifest: Manifest, facts: dict[str, int]) -> Manifest:
    return replace(manifest, facts=manifest.facts | {"split": facts})
