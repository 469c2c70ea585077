"""A cosine margin per class, learned (AdaM-Softmax, AdaptiveFace): logit_y = s·(cos_y − m_y).

Slots: similarity cosine; margin learned; term margin_reward, λ·(1 − mean m_j). Margins start at
0.35 (drawn between 0.3 and 0.4 in the source) and stay in [0, 1].
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import learned
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Slots
from frlib.heads.terms import margin_reward

PAPER = Paper(
    key="liu2019adaptiveface",
    title="AdaM-Softmax",
    where="equations 4 to 6; FaceX-Zoo, head/AdaM_Softmax.py",
    url="https://openaccess.thecvf.com/content_CVPR_2019/html/Liu_AdaptiveFace_Adaptive_Margin_and_Sampling_for_Face_Recognition_CVPR_2019_paper.html",
)

_SOURCE = "FaceX-Zoo, head/AdaM_Softmax.py"


class Config(HeadConfig):
    """Scale and weight of the reward."""

    name: Literal["adam_softmax"] = "adam_softmax"
    scale: float = setting(30.0, gt=0, doc="logit scale s", source=_SOURCE)
    lam: float = setting(
        70.0, ge=0, doc="weight λ of the reward for large margins", source=f"{_SOURCE}: lamda"
    )


SPACE: dict[str, Distribution] = {
    "lam": Uniform(low=10.0, high=200.0, log=True),
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
        margin=learned.Config(),
        terms=(margin_reward.Config(lam=config.lam),),
    )
