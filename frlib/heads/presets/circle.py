"""Circle loss over classes: each similarity weighted by its distance from its optimum.

    logit_y = γ·α_y·(cos_y − (1 − m)),   α_y = max(0, 1 + m − cos_y)
    logit_j = γ·α_j·(cos_j − m),         α_j = max(0, cos_j + m)          weights without gradient

Slots: similarity cosine; margin circle; negatives circle; `scale` is γ.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import circle as own
from frlib.heads.negatives import circle as others
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Slots

PAPER = Paper(
    key="sun2020circle",
    title="Circle",
    where="equations 5 to 8, class-level labels; FaceX-Zoo, head/CircleLoss.py",
    url="https://arxiv.org/abs/2002.10857",
)

_SOURCE = "FaceX-Zoo, head/CircleLoss.py"


class Config(HeadConfig):
    """Scale γ and relaxation."""

    name: Literal["circle"] = "circle"
    scale: float = setting(256.0, gt=0, doc="logit scale s", source=f"{_SOURCE}: gamma")
    margin: float = setting(0.25, ge=0, le=1, doc="relaxation m", unit="cosine", source=_SOURCE)


SPACE: dict[str, Distribution] = {
    "margin": Uniform(low=0.1, high=0.4),
    "scale": Uniform(low=32.0, high=256.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def compose(config: Config) -> Slots:
    """The slots of this head."""
    return usual(
        config.scale,
        init="unit",
        margin=own.Config(margin=config.margin),
        negatives=others.Config(margin=config.margin),
    )
