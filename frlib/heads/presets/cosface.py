"""Additive cosine margin (CosFace, AM-Softmax): logit_y = s·(cos_y − m), others s·cos_j.

Slots: similarity cosine; margin cos; negatives interclass_filter if set. The margin is a cosine,
not an angle. Starts from N(0, 0.01²).
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import cos
from frlib.heads.presets._fields import interclass_filter
from frlib.heads.presets._usual import filtered, usual
from frlib.heads.slots import Slots

PAPER = Paper(
    key="wang2018cosface",
    title="CosFace",
    where="equation 4; s = 64 and m = 0.40 as in insightface and TFace",
    url="https://arxiv.org/abs/1801.09414",
)

_SOURCE = (
    "insightface, recognition/arcface_torch/losses.py; TFace, "
    "recognition/torchkit/head/localfc/cosface.py"
)


class Config(HeadConfig):
    """Scale and margin."""

    name: Literal["cosface"] = "cosface"
    scale: float = setting(64.0, gt=0, doc="logit scale s", source=_SOURCE)
    margin: float = setting(
        0.4,
        ge=0,
        le=2,
        doc="margin m; insightface's MXNet configs have 0.35",
        unit="cosine",
        source=_SOURCE,
    )

    interclass_filter: float = interclass_filter()


SPACE: dict[str, Distribution] = {
    "margin": Uniform(low=0.2, high=0.4),
    "scale": Uniform(low=16.0, high=64.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def compose(config: Config) -> Slots:
    """The slots of this head."""
    return usual(
        config.scale,
        margin=cos.Config(margin=config.margin),
        negatives=filtered(config.interclass_filter),
    )
