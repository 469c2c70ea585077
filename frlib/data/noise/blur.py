"""Blurred images: a share of every class, as of moving people and lenses out of focus.

    sigma = strength * side, Gaussian, the border repeated

The kernel follows the side, so that a model that is fed larger pictures sees the same loss. The
pixels are blurred when they are fetched (`frlib.data.flaws`).
"""

import numpy as np

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.data.manifest import Manifest
from frlib.data.noise import _flaw
from frlib.data.noise._step import Step

STAGE, ORDER = _flaw.STAGE, 10
PAPER = Paper(
    key="hendrycks2019corruptions",
    title="Blur",
    where="Hendrycks and Dietterich, Robustness to common corruptions, ICLR 2019",
    url="https://arxiv.org/abs/1903.12261",
)


class Config(Step):
    """How many images, and how much."""

    ratio: float = setting(0.0, ge=0, le=1, doc="share of each class that is blurred")
    strength: float = setting(
        0.03, gt=0, le=0.5, doc="standard deviation of the Gaussian", unit="side of the image"
    )
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
    return manifest if config.is_neutral else _flaw.put(manifest, config, rng, clean, "blur")
