"""Adaptive curriculum (CurricularFace): hard negatives c_j become c_j·(T + c_j).

Slots: similarity cosine; margin arc (hard); negatives curricular. T is the moving mean of the
target cosine, moved in training mode only and averaged over workers (the source does neither).
Default scale as in the BoundaryFace comparison, 32; the original trains with 64. Starts from
N(0, 0.01²).
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import arc
from frlib.heads.negatives import curricular
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Slots

PAPER = Paper(
    key="huang2020curricularface",
    title="CurricularFace",
    where="section 3; CurricularFace repository (HuangYG123), head/metrics.py",
    url="https://arxiv.org/abs/2004.00288",
)


class Config(HeadConfig):
    """Scale, margin and the rate of the moving mean."""

    name: Literal["curricular"] = "curricular"
    margin: float = setting(
        0.5,
        ge=0,
        le=1.5,
        doc="margin m",
        unit="radian",
        source="CurricularFace repository, head/metrics.py",
    )
    ema_rate: float = setting(
        0.01,
        ge=0,
        le=1,
        doc="weight of a new batch in the moving mean T; TFace uses 0.1",
        unit="1/step",
        source="CurricularFace repository, head/metrics.py: 0.01; TFace, "
        "recognition/torchkit/head/localfc/curricularface.py: 0.1",
    )


SPACE: dict[str, Distribution] = {
    "margin": Uniform(low=0.2, high=0.5),
    "scale": Uniform(low=16.0, high=64.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def compose(config: Config) -> Slots:
    """The slots of this head."""
    return usual(
        config.scale,
        margin=arc.Config(margin=config.margin),
        negatives=curricular.Config(ema_rate=config.ema_rate),
    )
