"""Additive angular margin (ArcFace): logit_y = s·cos(θ_y + m), others s·cos_j.

Slots: similarity cosine; margin arc; negatives interclass_filter if set. Defaults are those of
the BoundaryFace repository: s = 32, the `hard` fallback past θ = π − m, exact gradient, xavier
uniform. `fallback = "none"` with `margin_grad = "detached"` is insightface's (s = 64, start from
N(0, 0.01²)).
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import arc
from frlib.heads.presets._fields import interclass_filter
from frlib.heads.presets._usual import filtered, usual
from frlib.heads.slots import Slots

PAPER = Paper(
    key="deng2019arcface",
    title="ArcFace",
    where="equation 3; defaults of the BoundaryFace repository, head/ArcFace.py",
    url="https://arxiv.org/abs/1801.07698",
)

_BOUNDARYFACE = "the BoundaryFace repository, head/ArcFace.py"
_INSIGHTFACE = "insightface, recognition/arcface_torch/losses.py, CombinedMarginLoss"


class Config(HeadConfig):
    """Scale, margin and how the margin is treated at its edge and in the gradient."""

    name: Literal["arcface"] = "arcface"
    margin: float = setting(
        0.5,
        ge=0,
        le=1.5,
        doc="margin m",
        unit="radian",
        source=f"{_BOUNDARYFACE}; {_INSIGHTFACE}",
    )
    fallback: Literal["hard", "none", "easy"] = setting(
        "hard",
        doc="past θ = π − m: hard goes on falling, none is the literal formula; easy has a "
        "margin for cos > 0 only",
        source=f"hard and easy as in {_BOUNDARYFACE}; none as in {_INSIGHTFACE}",
    )
    margin_grad: Literal["exact", "detached"] = setting(
        "exact",
        doc="exact differentiates the margin, detached gives it slope 1",
        source=f"exact as in {_BOUNDARYFACE}; detached as in {_INSIGHTFACE}",
    )

    interclass_filter: float = interclass_filter()


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
        init="xavier_uniform",
        margin=arc.Config(
            margin=config.margin, fallback=config.fallback, margin_grad=config.margin_grad
        ),
        negatives=filtered(config.interclass_filter),
    )
