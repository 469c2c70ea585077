"""Negatives weighted by their nearness to the target (ArcNegFace).

Slots: similarity cosine; margin arc (hard); negatives arcneg: w_j = α·exp(−(c_j − a)²/σ) with the
margin-ed target a, c_j → w_j·c_j + w_j − 1. The source loops over rows; the values are the same.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import arc
from frlib.heads.negatives import arcneg
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Slots

PAPER = Paper(
    key="liu2019arcneg",
    title="ArcNegFace",
    where="equation 4; FaceX-Zoo, head/ArcNegFace.py",
    url="https://arxiv.org/abs/1909.00632",
)

_SOURCE = "FaceX-Zoo, head/ArcNegFace.py"


class Config(HeadConfig):
    """Margin, and the weight's height and width."""

    name: Literal["arcneg"] = "arcneg"
    scale: float = setting(64.0, gt=0, doc="logit scale s", source=_SOURCE)
    margin: float = setting(0.5, ge=0, le=1.5, doc="margin m", unit="radian", source=_SOURCE)
    alpha: float = setting(1.2, gt=0, doc="largest weight α", source=_SOURCE)
    sigma: float = setting(
        2.0, gt=0, doc="width σ of the weight", unit="squared cosine", source=_SOURCE
    )


SPACE: dict[str, Distribution] = {
    "margin": Uniform(low=0.2, high=0.5),
    "alpha": Uniform(low=1.0, high=1.5),
    "scale": Uniform(low=16.0, high=64.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def compose(config: Config) -> Slots:
    """The slots of this head."""
    return usual(
        config.scale,
        init="xavier_uniform",
        margin=arc.Config(margin=config.margin),
        negatives=arcneg.Config(alpha=config.alpha, sigma=config.sigma),
    )
