"""The run that studies of backward-compatible training vary: an old model, and one for its gallery.

The old net is half as wide, its embedding has the same length. It is trained like the new one but
for its part of the images and its head. The same people are held out of both.
"""

from typing import Any

from frlib.backbones import tiny
from frlib.compat import Method, advbct, bct, l2, mixbct, nccl, none, unibct, weakened_l2
from frlib.core.config import Config, with_paths
from frlib.data.parts import class_split, image_split, whole
from frlib.heads.config import HeadConfig
from frlib.heads.presets import arcface, softmax
from frlib.train.compatible import Compat
from frlib.train.config import TrainConfig
from studies import _runs

SIZE, OLD_WIDTH, WIDTH = 32, 8, 16
REAL = {"epochs": 12, "select_every": 6}
SHARE = 0.3
"""Of the people, or of everybody's images: what the old model was trained on."""
PUBLISHED_LENGTH = 35
"""Epochs of the published runs, to which UniBCT's epochs belong."""

BY_CLASS = class_split.Config(part="old", share=SHARE)
BY_IMAGE = image_split.Config(part="old", share=SHARE)
OPEN_CLASS: tuple[Config, Config] = (class_split.Config(part="new", share=SHARE), BY_CLASS)
"""Part of the new model, part of the old one."""
SCENARIOS = (
    OPEN_CLASS,
    (image_split.Config(part="new", share=SHARE), BY_IMAGE),
    (whole.Config(), BY_CLASS),
    (whole.Config(), BY_IMAGE),
)
"""Open class, open data, extended class, extended data."""


def old_heads(faces: str) -> tuple[HeadConfig, ...]:
    """The weak old model, whose classes are wide, and the strong one."""
    return (softmax.Config(), arcface.Config(**_runs.penalty(faces)))


def methods(epochs: int) -> tuple[Method, ...]:
    """No method, and all seven as published; UniBCT's epochs as shares of this length."""
    first, second = (round(at * epochs / PUBLISHED_LENGTH) for at in unibct.Config().refresh)
    return (
        none.Config(),
        l2.Config(),
        weakened_l2.Config(),
        bct.Config(),
        unibct.Config(start_epoch=first, refresh=(first, second)),
        nccl.Config(),
        advbct.Config(),
        mixbct.Config(),
    )


def base(faces: str) -> TrainConfig:
    """Open class; real faces from the folder `faces`, else procedural ones."""
    new, old = OPEN_CLASS
    fields: dict[str, Any] = {
        "backbone": tiny.Config(width=WIDTH),
        "head": arcface.Config(**_runs.penalty(faces)),
        "variants": (_VARIANT,),
    }
    changes = {"data.part": old, "backbone.width": OLD_WIDTH, "head": old_heads(faces)[0]}
    run = _runs.base(faces, **fields | (REAL if faces else {}))
    return with_paths(
        run,
        {
            "data.size": SIZE,
            "data.holdout.of": "whole",
            "data.part": new,
            "compat": Compat(changes=changes),
        },
    )


def reported(run: TrainConfig) -> tuple[str, ...]:
    """Of every benchmark: across models, both ways; the new model alone, and the old one."""
    tests = ("cross_", "reverse_", "", "old_")
    names = sorted(one.name for one in run.data.benchmarks)
    return tuple(f"{name}/{_VARIANT}/{test}accuracy" for name in names for test in tests)


_VARIANT = "insightface10"
