"""A long tail: images are left out until class sizes fall as a given profile does.

    exponential  n_i = n_1 * imbalance^(-i / (C - 1))                        i = 0..C-1
    pareto       n_i = n_1 * (1 + i / (C - 1) * (imbalance^alpha - 1))^(-1 / alpha)

n_1 is the size of the largest class and i the rank of a class by size, ties broken at random, so
that the head stays the head. A class keeps min(its size, floor(n_i)) images, drawn at random, and
never fewer than `min_images` of those it has. The second profile holds the quantiles of a Pareto
distribution cut off at both ends; the smaller alpha, the more classes lie between.

The exponential profile is the source's, which cuts sets of equal classes. On a set that is
long-tailed already less imbalance than its own changes little: the facts say what was realised.
"""

import logging
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.data.manifest import Manifest
from frlib.data.noise import _share
from frlib.data.noise._step import Step

STAGE, ORDER = "reshaping", 10
PAPER = Paper(
    key="cui2019classbalanced",
    title="Long tail",
    where="Cui et al., Class-balanced loss, CVPR 2019, experiments (long-tailed CIFAR)",
    url="https://arxiv.org/abs/1901.05555",
)
_log = logging.getLogger(__name__)


class Config(Step):
    """The profile of class sizes."""

    imbalance: float = setting(
        1.0, ge=1, doc="size of the largest class over that of the smallest; 1: all images are kept"
    )
    profile: Literal["exponential", "pareto"] = setting(
        "exponential", doc="how sizes fall from the largest class to the smallest"
    )
    alpha: float = setting(1.0, gt=0, le=10, doc="shape of the profile pareto")
    min_images: int = setting(1, ge=1, doc="images a class keeps at least, if it has so many")

    @property
    def is_neutral(self) -> bool:
        """Whether no image is left out."""
        return self.imbalance == 1


def apply(
    manifest: Manifest,
    config: Config,
    rng: np.random.Generator,
    *,
    clean: Manifest,
    pool: Manifest | None = None,
) -> Manifest:
    """Fewer rows of the same classes. `clean` and `pool` are not used."""
    if config.is_neutral:
        return manifest
    sizes = manifest.class_sizes
    tie = rng.random(len(sizes))
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.lexsort((tie, -sizes))] = np.arange(len(sizes))
    profile = np.floor(_profile(config, int(sizes.max()), len(sizes))).astype(np.int64)
    wanted = np.minimum(sizes, np.maximum(profile[rank], config.min_images))
    rows = _share.pick(manifest.labels, wanted, np.ones(len(manifest), dtype=bool), rng)
    entry = _account(config, sizes, wanted)
    _log.info(
        "noise.long_tail.imbalance=%s: %s of %s images kept, imbalance %.1f before, %.1f now",
        config.imbalance,
        f"{entry['rows_after']:,}",
        f"{entry['rows_before']:,}",
        entry["imbalance_before"],
        entry["realised_imbalance"],
    )
    kept = manifest.take(rows)
    return replace(kept, facts=_share.with_account(kept, "long_tail", entry))


def _profile(config: Config, largest: int, num_classes: int) -> NDArray[np.float64]:
    """`[C]` sizes by rank, from `largest` down to `largest / imbalance`."""
    place = np.arange(num_classes) / max(1, num_classes - 1)
    if config.profile == "exponential":
        shares: NDArray[np.float64] = config.imbalance**-place
    else:
        shares = (1 + place * (config.imbalance**config.alpha - 1)) ** (-1 / config.alpha)
    sizes: NDArray[np.float64] = largest * shares
    return sizes


def _account(config: Config, before: NDArray[np.int64], after: NDArray[np.int64]) -> dict[str, Any]:
    present = before > 0
    return {
        "imbalance": config.imbalance,
        "profile": config.profile,
        "rows_before": int(before.sum()),
        "rows_after": int(after.sum()),
        "rows": int((before - after).sum()),
        "imbalance_before": float(before.max() / before[present].min()),
        "realised_imbalance": float(after.max() / after[present].min()),
        "classes_cut": int((after < before).sum()),
        "class_size_min_median_max": [
            int(after[present].min()),
            float(np.median(after[present])),
            int(after.max()),
        ],
    }
