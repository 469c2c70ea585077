"""A margin drawn anew for every sample and step (ElasticFace, ElasticFace+).

Slots: similarity cosine; margin elastic: m_b ~ N(m, std²), added to the angle (`kind = "arc"`) or
subtracted from the cosine ("cos", to be given the source's m = 0.35). `plus` gives small margins to
large target cosines by rank; the released code's matching, which is scrambled, is not repeated. No
fallback past θ = π.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import elastic
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Slots

PAPER = Paper(
    key="boutros2022elasticface",
    title="ElasticFace",
    where="equations 7 to 10; ElasticFace repository (fdbtrs), utils/losses.py",
    url="https://arxiv.org/abs/2109.09416",
)

_SOURCE = "ElasticFace repository (fdbtrs), utils/losses.py and config/config.py"


class Config(HeadConfig):
    """Mean and spread of the margin."""

    name: Literal["elastic"] = "elastic"
    scale: float = setting(64.0, gt=0, doc="logit scale s", source=_SOURCE)
    kind: Literal["arc", "cos"] = setting(
        "arc", doc="added to the angle, or subtracted from the cosine", source=_SOURCE
    )
    margin: float = setting(
        0.5,
        ge=0,
        le=1.5,
        doc="mean m",
        unit="radian; cosine for kind cos",
        source=f"{_SOURCE}: 0.5 for arc, 0.35 for cos",
    )
    std: float = setting(
        0.05,
        ge=0,
        le=0.5,
        doc="standard deviation of the margin",
        unit="radian; cosine for kind cos",
        source=f"{_SOURCE}: 0.05; 0.0175 and 0.02 in the plus runs",
    )
    plus: bool = setting(False, doc="small margins for large cosines", source=_SOURCE)


SPACE: dict[str, Distribution] = {
    "margin": Uniform(low=0.2, high=0.5),
    "std": Uniform(low=0.01, high=0.1, log=True),
    "scale": Uniform(low=16.0, high=64.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables."""
    return f"{PAPER.title}-{config.kind.capitalize()}" + ("+" if config.plus else "")


def compose(config: Config) -> Slots:
    """The slots of this head."""
    margin = elastic.Config(
        kind=config.kind, margin=config.margin, std=config.std, plus=config.plus
    )
    return usual(config.scale, margin=margin)
