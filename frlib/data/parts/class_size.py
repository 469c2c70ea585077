"""Identities by their number of images: the head of a long tail, or the tail.

    head: at_least <= n_c        tail: n_c < below

Source: Unequal Training (Zhong et al., CVPR 2019), which trains its first stages on a head set and
adds a tail set of identities with few images in the last. Its lists (`MF2_pic9_head`, `_tail`) come
without the rule that made them, so the number of images is a setting here.
"""

from typing import Literal

import numpy as np

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.core.errors import DataError
from frlib.data.manifest import Manifest


class Config(Base):
    """Bounds on the images of an identity."""

    name: Literal["class_size"] = "class_size"
    at_least: int = setting(1, ge=1, doc="fewest images of an identity", unit="images")
    below: int = setting(0, ge=0, doc="fewer images than this; 0: no bound", unit="images")


def select(manifest: Manifest, config: Config) -> Manifest:
    """The identities within the bounds; `DataError` with the sizes found if there is none."""
    sizes = manifest.class_sizes
    keep = sizes >= config.at_least
    if config.below:
        keep &= sizes < config.below
    if not keep.any():
        bound = f" and below {config.below}" if config.below else ""
        raise DataError(
            f"no identity has at least {config.at_least}{bound} images; the {len(sizes):,} "
            f"identities have {sizes.min():,} to {sizes.max():,}, median {np.median(sizes):g}"
        )
    return manifest.keep_identities(keep)
