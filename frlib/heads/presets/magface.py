"""Margin and regulariser that read quality from the embedding's length (MagFace).

Slots: similarity cosine; margin magnitude, m(a) from l_margin at length l_a to u_margin at u_a;
term magnitude, λ_g·(a/u_a² + 1/a). Default past the end is `easy` (margin for cos > 0 only), as
in the run script. Centres start from unit vectors.
FaceX-Zoo has s = 32, λ = 20 and fallback `add`.
"""

from typing import Literal

from pydantic import model_validator

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import magnitude as margin
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Slots
from frlib.heads.terms import magnitude as term

PAPER = Paper(
    key="meng2021magface",
    title="MagFace",
    where="equations 5 to 7; MagFace repository (IrvingMeng), models/magface.py",
    url="https://arxiv.org/abs/2103.06627",
)

_SOURCE = "MagFace repository (IrvingMeng), models/magface.py and run/run.sh"


class Config(HeadConfig):
    """Lengths, margins at them, weight of the regulariser."""

    name: Literal["magface"] = "magface"
    scale: float = setting(64.0, gt=0, doc="logit scale s", source=_SOURCE)
    l_a: float = setting(10.0, gt=0, doc="shortest length", unit="embedding length", source=_SOURCE)
    u_a: float = setting(110.0, gt=0, doc="longest length", unit="embedding length", source=_SOURCE)
    l_margin: float = setting(
        0.45, ge=0, le=1.5, doc="margin at l_a", unit="radian", source=_SOURCE
    )
    u_margin: float = setting(0.8, ge=0, le=1.5, doc="margin at u_a", unit="radian", source=_SOURCE)
    lam: float = setting(
        35.0,
        ge=0,
        doc="weight λ_g of the regulariser",
        source=f"{_SOURCE}: 35; argument default 20; FaceX-Zoo, head/MagFace.py: 20",
    )
    fallback: Literal["easy", "hard", "none", "add"] = setting(
        "easy",
        doc="past θ = π − m: easy has a margin for cos > 0 only, hard goes on falling, add is the "
        "cosine",
        source=f"easy and hard as in {_SOURCE}; add as in FaceX-Zoo, head/MagFace.py",
    )

    @model_validator(mode="after")
    def _ordered(self) -> "Config":
        compose(self)
        return self


SPACE: dict[str, Distribution] = {
    "u_margin": Uniform(low=0.5, high=1.0),
    "lam": Uniform(low=5.0, high=100.0, log=True),
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
        margin=margin.Config(
            l_a=config.l_a,
            u_a=config.u_a,
            l_margin=config.l_margin,
            u_margin=config.u_margin,
            fallback=config.fallback,
        ),
        terms=(term.Config(lam=config.lam, l_a=config.l_a, u_a=config.u_a),),
    )
