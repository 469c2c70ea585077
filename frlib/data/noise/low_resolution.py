"""Images of low resolution: a share of every class, as of faces far away in a large picture.

    side -> max(1, round(strength * side)) by area average -> side by bilinear interpolation

The pixels are changed when they are fetched (`frlib.data.flaws`).
"""

import numpy as np

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.data.manifest import Manifest
from frlib.data.noise import _flaw
from frlib.data.noise._step import Step

STAGE, ORDER = _flaw.STAGE, 20
PAPER = Paper(
    key="hendrycks2019corruptions",
    title="Low resolution",
    where="Hendrycks and Dietterich, Robustness to common corruptions, ICLR 2019 (pixelate)",
    url="https://arxiv.org/abs/1903.12261",
)


class Config(Step):
    """How many images, and how much."""

    ratio: float = setting(0.0, ge=0, le=1, doc="share of each class that is coarse")
    strength: float = setting(
        0.2, gt=0, le=1, doc="side that is left before it is enlarged", unit="side of the image"
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
    return (
        manifest if config.is_neutral else _flaw.put(manifest, config, rng, clean, "low_resolution")
    )
