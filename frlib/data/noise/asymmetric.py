"""Asymmetric closed-set noise: a share of every class is given the label of a look-alike.

    floor(n_c * ratio) images of class c get one of its `nearest` classes each

The nearest are those whose centres have the largest cosine with the centre of c. A centre is the
normalised mean of the normalised embeddings of the class's images, before any flip, by a model that
was trained elsewhere. Such flips are harder to correct than those to anybody: the wrong label is
plausible.

In the source the similar classes are listed by hand; here they are found.
"""

import logging
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import setting
from frlib.core.errors import ConfigError, DataError
from frlib.core.paper import Paper
from frlib.data import vectors
from frlib.data.manifest import ASYMMETRIC, Manifest
from frlib.data.noise import _share
from frlib.data.noise._step import Step

STAGE, ORDER = "flip", 20
PAPER = Paper(
    key="patrini2017forward",
    title="Flips to look-alikes",
    where="Patrini et al., Making deep networks robust to label noise, CVPR 2017, experiments",
    url="https://arxiv.org/abs/1609.03683",
)
_log = logging.getLogger(__name__)


class Config(Step):
    """Flips to the nearest classes."""

    FILES: ClassVar[tuple[str, ...]] = ("embeddings",)
    changes_images: ClassVar[bool] = False

    ratio: float = setting(0.0, ge=0, le=1, doc="share of each class that is flipped")
    nearest: int = setting(1, ge=1, le=100, doc="classes a label may go to: so many of the nearest")
    strict: bool = setting(
        True, doc="count floor(n * ratio) in binary floating point, as for closed; else decimal"
    )
    embeddings: str = setting(
        "", doc="file with an embedding of every image; its content decides, not its place"
    )


def apply(
    manifest: Manifest,
    config: Config,
    rng: np.random.Generator,
    *,
    clean: Manifest,
    pool: Manifest | None = None,
) -> Manifest:
    """Flip labels of rows that no earlier noise touched. `true_labels` stay. `pool` is not used.

    Raises `ConfigError` without embeddings, `DataError` when they lack an image, when there is one
    class only, or when a class has too few untouched images.
    """
    if config.is_neutral:
        return manifest
    if not config.embeddings:
        raise ConfigError(
            f"noise.asymmetric.ratio={config.ratio} needs to know who looks alike: set "
            "noise.asymmetric.embeddings to a file with a vector for every training image (.npz or "
            ".parquet), or use noise.closed for flips to anybody"
        )
    what = f"noise.asymmetric.ratio={config.ratio}"
    rows = _share.flippable(manifest, clean, config.ratio, config.strict, rng, what)
    near = _near(config, clean)
    found = (near >= 0).sum(axis=1)
    if (found[clean.labels[rows]] == 0).any():
        raise DataError(
            f"{what} with {clean.num_classes} identities, {(clean.class_sizes > 0).sum()} of them "
            "with images: a label can only be flipped to another identity that has images. Use at "
            "least two, or set noise.asymmetric.ratio=0."
        )
    which = (rng.random(len(clean))[rows] * found[clean.labels[rows]]).astype(np.int64)
    labels, kinds = manifest.labels.copy(), manifest.kinds.copy()
    labels[rows] = near[clean.labels[rows], which]
    kinds[rows] = ASYMMETRIC
    entry = _share.account(clean, rows, config.ratio, config.strict) | {"nearest": near.shape[1]}
    _share.log_shortfall(_log, "noise.asymmetric", entry)
    facts = _share.with_account(manifest, "asymmetric", entry)
    return replace(manifest, labels=labels, kinds=kinds, facts=facts)


def _near(config: Config, clean: Manifest) -> NDArray[np.int64]:
    """`[C, k]` the nearest classes that have images; -1 where there are no more."""
    known = vectors.read(Path(config.embeddings))
    centres = vectors.class_centres(known, clean.ids, clean.labels, clean.num_classes)
    k = max(1, min(config.nearest, clean.num_classes - 1))
    return vectors.nearest(centres, k, clean.class_sizes > 0)
