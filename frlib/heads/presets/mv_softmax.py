"""Mis-classified vectors on ArcFace, fixed weight (MV-Arc-Softmax of the BoundaryFace tables).

Slots: similarity cosine; margin arc (hard); negatives mv_fixed. Negatives at or above the margin-ed
target are raised by `t_weight`, then every cosine is clamped to [−1, 1]. This is the variant that
BoundaryFace compares with; the adaptive form of the paper differs.
"""

from typing import TYPE_CHECKING, Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig

if TYPE_CHECKING:
    from frlib.heads.slots import Slots

PAPER = Paper(
    key="wang2020mvsoftmax",
    title="MV-Arc-Softmax",
    where="fixed weights as in the BoundaryFace repository, head/ms_origin_margin.py",
    url="https://arxiv.org/abs/1912.00833",
)


class Config(HeadConfig):
    """Scale, margin and the weight of hard negatives."""

    name: Literal["mv_softmax"] = "mv_softmax"
    margin: float = setting(
        0.5,
        ge=0,
        le=1.5,
        doc="margin m",
        unit="radian",
        source="BoundaryFace repository, head/ms_origin_margin.py",
    )
    t_weight: float = setting(
        0.2,
        ge=0,
        le=2,
        doc="added to the cosine of hard negatives",
        unit="cosine",
        source="BoundaryFace repository, head/ms_origin_margin.py: t",
    )


SPACE: dict[str, Distribution] = {
    "margin": Uniform(low=0.2, high=0.5),
    "scale": Uniform(low=16.0, high=64.0, log=True),
    "t_weight": Uniform(low=0.0, high=0.4),
}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def compose(config: Config) -> "Slots":
    """The slots of this head."""
    from frlib.heads.margins import arc
    from frlib.heads.negatives import mv_fixed
    from frlib.heads.objectives import cross_entropy
    from frlib.heads.relabel import none as as_given
    from frlib.heads.similarity import cosine
    from frlib.heads.slots import Slots

    return Slots(
        scale=config.scale,
        similarity=cosine.Config(init="xavier_uniform"),
        margin=arc.Config(margin=config.margin),
        negatives=mv_fixed.Config(t_weight=config.t_weight),
        relabel=as_given.Config(),
        objective=cross_entropy.Config(),
    )
