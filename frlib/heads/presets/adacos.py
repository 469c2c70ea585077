"""A scale that follows training by itself (AdaCos): logit_j = s_t·cos_j, no margin.

Slots: scale adaptive; similarity cosine. s starts at √2·log(C − 1) and is set in every training
step from the negatives' mean sum of exponentials and the median angle. `scale` has no influence.
The scale is part of a checkpoint (the source loses it) and moves in training mode only.
"""

from typing import Literal

from frlib.core.paper import Paper
from frlib.core.space import Distribution
from frlib.heads.config import HeadConfig
from frlib.heads.presets._usual import usual
from frlib.heads.scales import adaptive
from frlib.heads.slots import Slots

PAPER = Paper(
    key="zhang2019adacos",
    title="AdaCos",
    where="equations 12 to 15; FaceX-Zoo, head/AdaCos.py",
    url="https://arxiv.org/abs/1905.00292",
)


class Config(HeadConfig):
    """Nothing to set."""

    name: Literal["adacos"] = "adacos"


SPACE: dict[str, Distribution] = {}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def compose(config: Config) -> Slots:
    """The slots of this head."""
    return usual(adaptive.Config(), init="xavier_uniform")
