"""Unified binary cross-entropy (UniFace): each class a yes-or-no question, one learned threshold b.

    log(1 + exp(−clamp(s·(cos_y − m) − b))) + l·Σ_{j≠y} log(1 + exp(clamp(s·cos_j − b)))

Slots: similarity cosine; margin cos; objective unified. b starts at log(10·C·sample_rate). The
clamp to [−s, s] is the source's and leaves no gradient beyond. Starts from xavier normal (kaiming
in the source): only directions count.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import cos
from frlib.heads.objectives import unified
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Slots

PAPER = Paper(
    key="zhou2023uniface",
    title="UniFace",
    where="equation 9; UniFace repository (CVI-SZU), unified_cross_entropy",
    url="https://openaccess.thecvf.com/content/ICCV2023/html/Zhou_UniFace_Unified_Cross-Entropy_Loss_for_Deep_Face_Recognition_ICCV_2023_paper.html",
)

_SOURCE = "UniFace repository (CVI-SZU), unified_cross_entropy"


class Config(HeadConfig):
    """Margin and weight of the negatives."""

    name: Literal["uniface"] = "uniface"
    scale: float = setting(64.0, gt=0, doc="logit scale s", source=_SOURCE)
    margin: float = setting(0.4, ge=0, le=2, doc="margin m", unit="cosine", source=_SOURCE)
    negative_weight: float = setting(
        1.0, gt=0, doc="weight l of the negatives", source=f"{_SOURCE}: l"
    )


SPACE: dict[str, Distribution] = {
    "margin": Uniform(low=0.2, high=0.5),
    "negative_weight": Uniform(low=0.3, high=3.0, log=True),
    "scale": Uniform(low=16.0, high=64.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def compose(config: Config) -> Slots:
    """The slots of this head."""
    return usual(
        config.scale,
        init="kaiming_normal",
        margin=cos.Config(margin=config.margin),
        objective=unified.Config(negative_weight=config.negative_weight, rate=config.sample_rate),
    )
