"""Combined margin: logit_y = s·(cos(m1·θ_y + m2) − m3), others s·cos_j.

Slots: similarity cosine; margin combined; negatives interclass_filter if set. This is the formula
of the MXNet code; insightface's PyTorch class of the same purpose ignores m1 and m2 as soon as
m3 > 0. (1, m2, 0) is ArcFace, (1, 0, m3) CosFace. No fallback past θ = π, as in the source;
`hard` and `easy` need m1 = 1.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import combined
from frlib.heads.presets._fields import interclass_filter
from frlib.heads.presets._usual import filtered, usual
from frlib.heads.slots import Slots

PAPER = Paper(
    key="deng2019arcface",
    title="Combined margin",
    where="equation 4; insightface, recognition/subcenter_arcface/train_parall.py",
    url="https://arxiv.org/abs/1801.07698",
)

_SOURCE = "insightface, recognition/subcenter_arcface/train_parall.py"


class Config(HeadConfig):
    """The three margins."""

    name: Literal["combined"] = "combined"
    scale: float = setting(64.0, gt=0, doc="logit scale s", source=f"{_SOURCE}: loss_s")
    angle_factor: float = setting(
        1.0, gt=0, le=4, doc="m1, multiplies the angle", source=f"{_SOURCE}: loss_m1"
    )
    margin: float = setting(
        0.3,
        ge=0,
        le=1.5,
        doc="m2, added to the angle",
        unit="radian",
        source=f"{_SOURCE}: loss_m2; 0.3 in its combination",
    )
    cos_margin: float = setting(
        0.2,
        ge=0,
        le=2,
        doc="m3, subtracted from the cosine",
        unit="cosine",
        source=f"{_SOURCE}: loss_m3; 0.2 in its combination",
    )
    fallback: Literal["hard", "none", "easy"] = setting(
        "none",
        doc="past θ = π − m2: none is the literal formula",
        source=f"none as in {_SOURCE}; hard and easy as in the BoundaryFace repository, "
        "head/ArcFace.py",
    )
    margin_grad: Literal["exact", "detached"] = setting(
        "exact",
        doc="exact differentiates the margin, detached gives it slope 1",
        source=f"exact as in {_SOURCE}; detached as in insightface, "
        "recognition/arcface_torch/losses.py",
    )
    interclass_filter: float = interclass_filter()


SPACE: dict[str, Distribution] = {
    "angle_factor": Uniform(low=0.9, high=1.2),
    "margin": Uniform(low=0.0, high=0.5),
    "cos_margin": Uniform(low=0.0, high=0.4),
    "scale": Uniform(low=16.0, high=64.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def compose(config: Config) -> Slots:
    """The slots of this head."""
    return usual(
        config.scale,
        margin=combined.Config(
            angle_factor=config.angle_factor,
            margin=config.margin,
            cos_margin=config.cos_margin,
            fallback=config.fallback,
            margin_grad=config.margin_grad,
        ),
        negatives=filtered(config.interclass_filter),
    )
