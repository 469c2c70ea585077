"""Normalised softmax (NormFace): logit_j = s·cos_j.

Slots: similarity cosine; no margin. Starts from N(0, 0.01²).
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Slots

PAPER = Paper(
    key="wang2017normface",
    title="NormFace",
    where="softmax over cosines; s = 64 as in insightface's MXNet configs (nsoftmax)",
    url="https://arxiv.org/abs/1704.06369",
)


class Config(HeadConfig):
    """Nothing but the scale."""

    name: Literal["normface"] = "normface"
    scale: float = setting(
        64.0,
        gt=0,
        doc="logit scale s",
        source="insightface's MXNet configs, nsoftmax: 64; opensphere, cocoloss.py: 30",
    )


SPACE: dict[str, Distribution] = {"scale": Uniform(low=16.0, high=64.0, log=True)}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def compose(config: Config) -> Slots:
    """The slots of this head."""
    return usual(config.scale)
