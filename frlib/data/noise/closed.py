"""Closed-set noise: a share of every class is given another class's label.

    floor(n_c * ratio) images of class c, drawn at random, get (c + 1 + U{0..C-2}) mod C

In the source the class number is the position in a directory walk and the draw is unseeded; here
classes are sorted and the stream is named. A class with n * ratio < 1 is never flipped, so on a
long tail less is realised than asked: the manifest's facts say how much.
"""

import logging
from dataclasses import replace
from typing import ClassVar

import numpy as np

from frlib.core.config import setting
from frlib.core.errors import DataError
from frlib.core.paper import Paper
from frlib.data.manifest import CLOSED, Manifest
from frlib.data.noise import _share
from frlib.data.noise._step import Step

STAGE, ORDER = "flip", 10
PAPER = Paper(
    key="wu2022boundaryface",
    title="Closed-set flips",
    where="BoundaryFace (ECCV 2022), repository, utils/generate_label_flip.py",
)
_log = logging.getLogger(__name__)


class Config(Step):
    """Label flips."""

    changes_images: ClassVar[bool] = False

    ratio: float = setting(0.0, ge=0, le=1, doc="share of each class that is flipped")
    strict: bool = setting(
        True, doc="count floor(n * ratio) in binary floating point, as the source; else decimal"
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

    Raises `DataError` when there is one class only, or a class has too few untouched images.
    """
    if config.is_neutral:
        return manifest
    num_classes = clean.num_classes
    if num_classes < 2:
        raise DataError(
            f"noise.closed.ratio={config.ratio} with {num_classes} identity: a label can only be "
            "flipped to another identity. Use at least two, or set noise.closed.ratio=0."
        )
    what = f"noise.closed.ratio={config.ratio}"
    rows = _share.flippable(manifest, clean, config.ratio, config.strict, rng, what)
    steps = rng.integers(0, num_classes - 1, size=len(clean))
    labels, kinds = manifest.labels.copy(), manifest.kinds.copy()
    labels[rows] = (clean.labels[rows] + 1 + steps[rows]) % num_classes
    kinds[rows] = CLOSED
    entry = _share.account(clean, rows, config.ratio, config.strict)
    _share.log_shortfall(_log, "noise.closed", entry)
    facts = _share.with_account(manifest, "closed", entry)
    return replace(manifest, labels=labels, kinds=kinds, facts=facts)
