"""Old and new identities: the first share of them, or the rest (MixBCT's open-class scenario).

    old: class < round(share * C)        new: the others, numbered from 0

`round` takes halves to the even number. Source: the record splitter of MixBCT, which goes by the
order of the classes; `order="random"` draws instead, the same for every arm and seed.
"""

from typing import Literal

import numpy as np

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.core.errors import DataError
from frlib.core.seeds import stream
from frlib.data.manifest import Manifest


class Config(Base):
    """Which side, and where it is cut."""

    name: Literal["class_split"] = "class_split"
    part: Literal["old", "new"] = setting("old", doc="the first identities, or the rest")
    share: float = setting(0.3, gt=0, lt=1, doc="share of the identities that is old")
    order: Literal["class", "random"] = setting("class", doc="order in which identities are taken")


def select(manifest: Manifest, config: Config) -> Manifest:
    """One side of the cut; `DataError` if a side would be empty."""
    classes = manifest.num_classes
    num_old = round(config.share * classes)
    if not 0 < num_old < classes:
        raise DataError(
            f"class_split.share={config.share}: {num_old} of {classes} identities would be old; "
            "each side needs at least one"
        )
    rank = np.arange(classes)
    if config.order == "random":
        rank = stream(0, "parts", "class_split").permutation(classes)
    is_old = rank < num_old
    return manifest.keep_identities(is_old if config.part == "old" else ~is_old)
