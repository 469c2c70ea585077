"""Normalised softmax (NormFace): logit_j = s·cos_j.

Slots: similarity cosine; no margin. Starts from N(0, 0.01²).
"""

from typing import TYPE_CHECKING, Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform
from frlib.heads.config import HeadConfig

if TYPE_CHECKING:
    from frlib.heads.slots import Slots

PAPER = Paper(
    key="wang2017normface",
    title="NormFace",
    where="softmax over cosines; s = 64 as in insightface's MXNet configs (nsoftmax)",
    url="https://arxiv.org/abs/1704.06369",
)


class Config(HeadConfig):
    """Nothing but the scale."""

    name: Literal["normface"] = "normface"
    scale: float = setting(
        64.0,
        gt=0,
        doc="logit scale s",
        source="insightface's MXNet configs, nsoftmax: 64; opensphere, cocoloss.py: 30",
    )


SPACE: dict[str, Distribution] = {"scale": Uniform(low=16.0, high=64.0, log=True)}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def compose(config: Config) -> "Slots":
    """The slots of this head."""
    from frlib.heads.margins import none as no_margin
    from frlib.heads.negatives import none as plain
    from frlib.heads.objectives import cross_entropy
    from frlib.heads.relabel import none as as_given
    from frlib.heads.similarity import cosine
    from frlib.heads.slots import Slots

    return Slots(
        scale=config.scale,
        similarity=cosine.Config(init="normal"),
        margin=no_margin.Config(),
        negatives=plain.Config(),
        relabel=as_given.Config(),
        objective=cross_entropy.Config(),
    )
