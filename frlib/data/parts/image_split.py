"""Old and new images of every identity: the first share, or the rest (MixBCT's open-data scenario).

    k_c = max(1, round(share * n_c))        old: the first k_c images        new: the others

`round` takes halves to the even number. An identity with a single image has it in both parts, so
both have all classes under the same numbers. Source: the record splitter of MixBCT, which goes by
the order of the records; `order="random"` draws instead, the same for every arm and seed.
"""

from typing import Literal

import numpy as np

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.core.seeds import stream
from frlib.data.manifest import Manifest


class Config(Base):
    """Which side, and where it is cut."""

    name: Literal["image_split"] = "image_split"
    part: Literal["old", "new"] = setting("old", doc="the first images of everybody, or the rest")
    share: float = setting(0.3, gt=0, lt=1, doc="share of the images of an identity that is old")
    order: Literal["id", "random"] = setting("id", doc="order in which images are taken")


def select(manifest: Manifest, config: Config) -> Manifest:
    """The rows of one side, in the label space of the whole."""
    labels, sizes = manifest.labels, manifest.class_sizes
    place = np.arange(len(manifest))
    if config.order == "random":
        place = stream(0, "parts", "image_split").permutation(len(manifest))
    order = np.lexsort((place, labels))
    first = np.cumsum(sizes) - sizes
    rank = np.empty(len(manifest), dtype=np.int64)
    rank[order] = np.arange(len(manifest)) - first[labels[order]]
    num_old = np.maximum(1, np.rint(config.share * sizes).astype(np.int64))
    is_old = rank < num_old[labels]
    if config.part == "old":
        return manifest.take(is_old)
    return manifest.take(~is_old | (sizes[labels] == 1))
