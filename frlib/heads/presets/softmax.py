"""Plain softmax classifier: logit_j = s·⟨x, w_j⟩, nothing normalised, no bias.

Slots: similarity dot; no margin.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution
from frlib.heads.config import HeadConfig
from frlib.heads.presets._usual import usual
from frlib.heads.similarity import dot
from frlib.heads.slots import Slots

PAPER = Paper(
    key="softmax",
    title="Softmax",
    where="opensphere (ydwen), opensphere/module/head/softmaxloss.py: no bias, xavier normal",
    url="https://github.com/ydwen/opensphere",
)


class Config(HeadConfig):
    """Nothing but a scale, which the source does not have."""

    name: Literal["softmax"] = "softmax"
    scale: float = setting(
        1.0, gt=0, doc="logit scale s; 1 is the plain softmax", source="the source has no scale"
    )


SPACE: dict[str, Distribution] = {}


def label(config: Config) -> str:
    """Name in tables."""
    return PAPER.title


def compose(config: Config) -> Slots:
    """The slots of this head."""
    return usual(config.scale, similarity=dot.Config())
