"""Negatives and positives in cooperation (NPCFace): hard negatives raise the sample's margin.

Slots: similarity cosine; margin arc (decides what is hard, by its plain formula); negatives npc.
The target is cos(θ + m0 + m1·mean of hard c_j) where cos θ > 0, hard negatives become a·c_j + b.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import arc
from frlib.heads.negatives import npc
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Slots

PAPER = Paper(
    key="zeng2020npcface",
    title="NPCFace",
    where="FaceX-Zoo, head/NPCFace.py",
    url="https://arxiv.org/abs/2007.10172",
)

_SOURCE = "FaceX-Zoo, head/NPCFace.py"


class Config(HeadConfig):
    """What is hard, and the constants of both sides."""

    name: Literal["npcface"] = "npcface"
    scale: float = setting(32.0, gt=0, doc="logit scale s", source=_SOURCE)
    margin: float = setting(
        0.35,
        ge=0,
        le=1.5,
        doc="margin of the mask: a negative is hard above cos(θ_y + m)",
        unit="radian",
        source=f"{_SOURCE}, training config: 0.35; class default 0.5",
    )
    m0: float = setting(
        0.4,
        ge=0,
        le=1.5,
        doc="margin of a sample without hard negatives",
        unit="radian",
        source=_SOURCE,
    )
    m1: float = setting(
        0.2,
        ge=0,
        le=1,
        doc="margin per unit of mean hard negative cosine",
        unit="radian",
        source=_SOURCE,
    )
    factor: float = setting(1.1, ge=0, doc="a, multiplies hard negatives", source=f"{_SOURCE}: t")
    shift: float = setting(
        0.2, ge=0, doc="b, added to hard negatives", unit="cosine", source=f"{_SOURCE}: a"
    )


SPACE: dict[str, Distribution] = {
    "m0": Uniform(low=0.2, high=0.5),
    "m1": Uniform(low=0.0, high=0.4),
    "scale": Uniform(low=16.0, high=64.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def compose(config: Config) -> Slots:
    """The slots of this head."""
    return usual(
        config.scale,
        init="unit",
        margin=arc.Config(margin=config.margin, fallback="none"),
        negatives=npc.Config(m0=config.m0, m1=config.m1, factor=config.factor, shift=config.shift),
    )
