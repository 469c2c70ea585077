"""Covered images: on a share of every class a rectangle hides part of the face.

    area = strength * side^2, sides 1:2 to 2:1 where that fits, anywhere inside

By chance it is grey, noise, or of the mean colour of the face, as a hand is. The pixels are changed
when they are fetched (`frlib.data.flaws`).
"""

import numpy as np

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.data.manifest import Manifest
from frlib.data.noise import _flaw
from frlib.data.noise._step import Step

STAGE, ORDER = _flaw.STAGE, 30
PAPER = Paper(
    key="zhong2020erasing",
    title="Occlusion",
    where="Zhong et al., Random erasing data augmentation, AAAI 2020",
    url="https://arxiv.org/abs/1708.04896",
)


class Config(Step):
    """How many images, and how much."""

    ratio: float = setting(0.0, ge=0, le=1, doc="share of each class that is covered")
    strength: float = setting(0.2, gt=0, le=1, doc="area that is covered", unit="area of the image")
    strict: bool = setting(
        True, doc="count floor(n * ratio) in binary floating point, as for flips; else decimal"
    )


def apply(
    manifest: Manifest,
    config: Config,
    rng: np.random.Generator,
    *,
    clean: Manifest,
    pool: Manifest | None = None,
) -> Manifest:
    """Mark rows without a flaw; labels and rows stay. `pool` is not used."""
    return manifest if config.is_neutral else _flaw.put(manifest, config, rng, clean, "occlusion")
