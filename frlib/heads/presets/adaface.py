"""Margin that adapts to image quality, read from the embedding's length (AdaFace).

    target = cos(clip(θ − m·z, ε, π − ε)) − (m + m·z),   z = clip(h·(|x| − μ)/(σ + 0.001), −1, 1)

Slots: similarity cosine; margin adaptive. μ and σ are moving averages over the global batch, part
of a checkpoint, moved in training mode only. CVLface's variant: `edge = 0` and
`margin_grad = "detached"`. The original also bounds the negatives by 1 − ε, which is not repeated.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import adaptive
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Slots

PAPER = Paper(
    key="kim2022adaface",
    title="AdaFace",
    where="equations 11 to 17; AdaFace repository (mk-minchul), head.py",
    url="https://arxiv.org/abs/2204.00964",
)

_SOURCE = "AdaFace repository (mk-minchul), head.py"


class Config(HeadConfig):
    """Margin, concentration of lengths, and the averages' rate."""

    name: Literal["adaface"] = "adaface"
    scale: float = setting(64.0, gt=0, doc="logit scale s", source=_SOURCE)
    margin: float = setting(
        0.4, ge=0, le=1.5, doc="margin m", unit="radian and cosine", source=_SOURCE
    )
    concentration: float = setting(
        0.333, ge=0, doc="h: how far lengths spread z", source=f"{_SOURCE}: h"
    )
    ema_rate: float = setting(
        0.01,
        ge=0,
        le=1,
        doc="weight of a new batch in μ and σ",
        unit="1/step",
        source=f"{_SOURCE}: t_alpha, 0.01 in the run scripts",
    )
    edge: float = setting(
        0.001,
        ge=0,
        le=0.1,
        doc="ε, bounds cosine and angle; 0 is CVLface's",
        unit="radian",
        source=f"{_SOURCE}: eps; CVLface, head/adaface.py: none",
    )
    margin_grad: Literal["exact", "detached"] = setting(
        "exact",
        doc="exact differentiates the margin, detached gives it slope 1",
        source=f"exact as in {_SOURCE}; detached as in CVLface",
    )


SPACE: dict[str, Distribution] = {
    "margin": Uniform(low=0.2, high=0.5),
    "concentration": Uniform(low=0.1, high=0.6),
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
        margin=adaptive.Config(
            margin=config.margin,
            concentration=config.concentration,
            ema_rate=config.ema_rate,
            edge=config.edge,
            margin_grad=config.margin_grad,
        ),
    )
