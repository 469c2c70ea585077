"""Exponential angular margin (ExpFace): logit_y = s·cos(π·(θ_y/π)^m), others s·cos_j.

Slots: similarity cosine; margin exp; objective cross_entropy, or unified (`unified = true`, the
binary loss of UniFace; the source then has m = 0.69, to be given). m < 1 widens every angle, small
ones most; 1 is no margin. Slope 1, as in the source. The source trains with Partial FC at rate 0.3:
`sample_rate`.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import exp
from frlib.heads.objectives import cross_entropy, unified
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Slots

PAPER = Paper(
    key="expface",
    title="ExpFace",
    where="ExpFace repository (baiyun-code), losses.py, PowerFace",
    url="https://github.com/baiyun-code/ExpFace",
)

_SOURCE = "ExpFace repository (baiyun-code), losses.py"


class Config(HeadConfig):
    """Exponent and objective."""

    name: Literal["expface"] = "expface"
    scale: float = setting(64.0, gt=0, doc="logit scale s", source=_SOURCE)
    margin: float = setting(
        0.7,
        gt=0,
        le=1,
        doc="exponent m; 1 is no margin",
        source=f"{_SOURCE}: 0.7 in its configs, 0.69 with the unified loss, class default 0.6",
    )
    unified: bool = setting(
        False, doc="UniFace's binary loss instead of cross-entropy", source=_SOURCE
    )


SPACE: dict[str, Distribution] = {
    "margin": Uniform(low=0.5, high=0.95),
    "scale": Uniform(low=16.0, high=64.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title + (" (unified)" if config.unified else "")


def compose(config: Config) -> Slots:
    """The slots of this head."""
    binary = unified.Config(rate=config.sample_rate)
    return usual(
        config.scale,
        margin=exp.Config(margin=config.margin),
        objective=binary if config.unified else cross_entropy.Config(),
    )
