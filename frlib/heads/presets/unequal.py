"""Noise-resistant loss (NR, NRA) and dispersion of Unequal Training, for long-tailed noisy data.

    L = −[β·log p_y + (1 − β)·log p_ŷ] + w·mean (v·vᵀ − I)²,   ŷ the class the model itself predicts

Slots: similarity cosine; margin arc (hard; NRA), or none at margin 0 (NR); objective
noise_resistant; term dispersion if `interweight` > 0 (second stage: v are the directions of the
batch's identities). Batch means are taken where the source has sums divided by 2 and more: its
learning rates 0.01 and 0.001 belong to a quarter of the plain mean, and its w counts four times.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import arc
from frlib.heads.objectives import noise_resistant
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Slots
from frlib.heads.terms import dispersion

PAPER = Paper(
    key="zhong2019unequal",
    title="Unequal NRA",
    where="equation 4 and section 3.3; Unequal repository (zhongyy), loss type 5",
    url="https://openaccess.thecvf.com/content_CVPR_2019/html/Zhong_Unequal-Training_for_Deep_Face_Recognition_With_Long-Tailed_Noisy_Data_CVPR_2019_paper.html",
)

_SOURCE = "Unequal repository (zhongyy)"


class Config(HeadConfig):
    """Margin, the label's share, weight of the dispersion."""

    name: Literal["unequal"] = "unequal"
    scale: float = setting(64.0, gt=0, doc="logit scale s", source=_SOURCE)
    margin: float = setting(
        0.5, ge=0, le=1.5, doc="margin m; 0 is NR without margin", unit="radian", source=_SOURCE
    )
    beta: float = setting(
        0.9,
        ge=0,
        le=1,
        doc="share β of the given label; 1 is cross-entropy",
        source=f"{_SOURCE}: noise-beta, 0.9 in the scripts, argument default 1",
    )
    interweight: float = setting(
        0.0,
        ge=0,
        doc="weight w of the dispersion; 0 is the first stage",
        source=f"{_SOURCE}: interweight, 1, 5, 10 round by round; argument default 0.01",
    )
    min_images: int = setting(
        1,
        ge=1,
        doc="identities with fewer images in the batch are not dispersed",
        unit="images",
        source=f"{_SOURCE}: images_per_identity, 3",
    )


SPACE: dict[str, Distribution] = {
    "beta": Uniform(low=0.5, high=1.0),
    "margin": Uniform(low=0.2, high=0.5),
    "scale": Uniform(low=16.0, high=64.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title if config.margin else "Unequal NR"


def compose(config: Config) -> Slots:
    """The slots of this head."""
    far = dispersion.Config(interweight=config.interweight, min_images=config.min_images)
    return usual(
        config.scale,
        init="xavier_uniform",
        margin=arc.Config(margin=config.margin),
        objective=noise_resistant.Config(beta=config.beta),
        terms=(far,) if config.interweight > 0 else (),
    )
