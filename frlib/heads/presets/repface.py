"""Progressive label correction (in the manner of RepFace), the newest rival for closed-set noise.

Slots: similarity cosine; margin arc (hard); relabel progressive. Samples are clean, ambiguous or
noisy by how much nearer another class is than the given one, measured against artificial noise.
Noisy ones do not count at first; from `first_corrected_epoch` they are trained on the nearest other
class with a smoothed label, ambiguous ones on a mixture with what the model has come to believe.
Only the paper's abstract was at hand: `frlib head show relabel.progressive` says what is ours.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, IntUniform, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import arc
from frlib.heads.presets._usual import usual
from frlib.heads.relabel import progressive
from frlib.heads.slots import Slots

PAPER = Paper(
    key="zhang2025repface",
    title="RepFace-style",
    where="abstract; what it leaves open was chosen here",
    url="https://arxiv.org/abs/2412.12031",
)

_OURS = "not in the abstract of RepFace; chosen here"


class Config(HeadConfig):
    """Scale, margin, start of the correction, bar and mixtures."""

    name: Literal["repface"] = "repface"
    margin: float = setting(
        0.5,
        ge=0,
        le=1.5,
        doc="margin m",
        unit="radian",
        source="BoundaryFace repository, head/ArcFace.py (of the same group)",
    )
    first_corrected_epoch: int = setting(
        4,
        ge=0,
        doc="first epoch, counted from 0, that corrects labels; noisy samples are left out before",
        unit="epoch",
        source=_OURS,
    )
    strictness: float = setting(
        1.0,
        ge=-3,
        le=3,
        doc="spreads that the bar lies below the mean gap of known noise",
        unit="standard deviation",
        source=_OURS,
    )
    given_share: float = setting(
        0.1, ge=0, lt=1, doc="share of the given label in a corrected target", source=_OURS
    )
    memory: float = setting(
        0.7,
        ge=0,
        lt=1,
        doc="weight of earlier predictions in the belief",
        unit="1/epoch",
        source=_OURS,
    )


SPACE: dict[str, Distribution] = {
    "margin": Uniform(low=0.2, high=0.5),
    "scale": Uniform(low=16.0, high=64.0, log=True),
    "first_corrected_epoch": IntUniform(low=2, high=10),
    "strictness": Uniform(low=0.0, high=2.0),
    "given_share": Uniform(low=0.0, high=0.4),
}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def compose(config: Config) -> Slots:
    """The slots of this head."""
    rule = progressive.Config(
        first_corrected_epoch=config.first_corrected_epoch,
        strictness=config.strictness,
        given_share=config.given_share,
        memory=config.memory,
    )
    return usual(
        config.scale,
        init="xavier_uniform",
        margin=arc.Config(margin=config.margin),
        relabel=rule,
    )
