"""Which identities are trained on and which are kept to select on. No identity is in both."""

import logging
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.core.seeds import stream
from frlib.data import parts
from frlib.data.config import DataConfig
from frlib.data.manifest import Manifest

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Sides:
    """A set as it is used, before noise.

    clean: what is trained on. held_out: None where nobody is. others: where people who are never
    trained on, and never held out, are drawn from; it has all the people of the two as well.
    """

    clean: Manifest
    held_out: Manifest | None
    others: Manifest


def sides(whole: Manifest, data: DataConfig) -> Sides:
    """Take the part, and hold people out of it, or of the whole set before (`holdout.of`)."""
    if data.holdout.of == "whole":
        rest, held_out = split(whole, data)
        return Sides(clean=parts.select(rest, data.part), held_out=held_out, others=whole)
    source = parts.select(whole, data.part)
    clean, held_out = split(source, data)
    return Sides(clean=clean, held_out=held_out, others=source)


def split(manifest: Manifest, data: DataConfig) -> tuple[Manifest, Manifest | None]:
    """(train, held out); held out is None when the configuration keeps nobody.

    Identities with at least `min_images` images are trained on, except a share of
    `holdout.fraction` of them (at least two) and then a share of `own_outliers` of the others (at
    least one), drawn alike for every replicate. With `holdout.use_small`, those with 2 to
    `min_images - 1` images are held out too. The rest is dropped and counted in `facts["split"]`.
    Raises `DataError` when nobody can be verified or fewer than two identities are left to train
    on.
    """
    sizes = manifest.class_sizes
    if sizes.max() < 2:
        raise DataError(
            f"each of the {manifest.num_classes:,} identities has one image: no two images show "
            "the same person, so there is nothing to train or select on. Are identities read from "
            "the right folder level or column?"
        )
    drawn, apart = _drawn(sizes, data)
    trained = (sizes >= data.min_images) & ~drawn & ~apart
    small = (sizes >= 2) & (sizes < data.min_images) & data.holdout.use_small
    held = drawn | small
    if trained.sum() < 2:
        raise DataError(
            f"{trained.sum()} identities are left to train on, of {manifest.num_classes:,} "
            f"(largest: {sizes.max():,} images); at least 2 are needed. Lower data.min_images="
            f"{data.min_images}, data.holdout.fraction={data.holdout.fraction} or "
            f"data.own_outliers={data.own_outliers}."
        )
    facts = _facts(sizes, trained, held, apart)
    _log.info("split: %s", facts)
    return (
        _with(manifest.keep_identities(trained), facts),
        _with(manifest.keep_identities(held), facts) if held.any() else None,
    )


def own_outliers(manifest: Manifest, data: DataConfig) -> Manifest | None:
    """The identities that `split` leaves out as a pool of outliers; None if there are none."""
    _, apart = _drawn(manifest.class_sizes, data)
    return manifest.keep_identities(apart) if apart.any() else None


def _drawn(
    sizes: NDArray[np.int64], data: DataConfig
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """`[C]` masks: held out by chance, and set apart as outliers."""
    held, apart = np.zeros((2, len(sizes)), dtype=bool)
    for mask, share, fewest, name in (
        (held, data.holdout.fraction, 2, "holdout"),
        (apart, data.own_outliers, 1, "own_outliers"),
    ):
        candidates = np.flatnonzero((sizes >= data.min_images) & ~held)
        if share > 0:
            number = max(fewest, round(share * len(candidates)))
            mask[stream(0, name).permutation(candidates)[:number]] = True
    return held, apart


def _facts(sizes: Any, trained: Any, held: Any, apart: Any) -> dict[str, int]:
    masks = {"train": trained, "held_out": held, "dropped": ~trained & ~held & ~apart}
    if apart.any():
        masks["own_outliers"] = apart
    return {
        f"{name}_{what}": int(count)
        for name, mask in masks.items()
        for what, count in (("identities", mask.sum()), ("images", sizes[mask].sum()))
    }


def _with(manifest: Manifest, facts: dict[str, int]) -> Manifest:
    return replace(manifest, facts=manifest.facts | {"split": facts})
