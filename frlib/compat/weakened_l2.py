"""Nearness to the old feature up to a radius: loss = λ · mean_i max(0, |o_i − f_i| − r).

f_i: new embedding, o_i: old feature, both of length 1. Rows within the radius count in the mean as
zeros, and have no slope. With r = 0 it is `l2`, to the bit. `squared` squares what is beyond r.

Source: Liang et al., MixBCT, arXiv 2308.06948, where it is a baseline; its repository.
"""

from typing import TYPE_CHECKING, Literal

from frlib.compat._distance import Distance
from frlib.core.config import setting
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform

if TYPE_CHECKING:
    from frlib.compat._term import Side, Term

PAPER = Paper(
    key="liang2023mixbct",
    title="Weakened L2",
    where="baseline; MixBCT repository (yuleung), BCT_Methods/L2 with a threshold",
    url="https://arxiv.org/abs/2308.06948",
)


class Config(Distance):
    """Weight, radius and form of the distance."""

    name: Literal["weakened_l2"] = "weakened_l2"
    radius: float = setting(
        0.2,
        ge=0,
        le=2,
        doc="distance r that costs nothing",
        unit="distance of vectors of length 1",
        source="MixBCT repository, L2: threshold",
    )


SPACE: dict[str, Distribution] = {
    "weight": Uniform(low=1.0, high=100.0, log=True),
    "radius": Uniform(low=0.0, high=0.6),
}


def label(config: Config) -> str:
    """Name in tables: Weakened L2, Weakened L2 (λ=1, r=0.4)."""
    return named(PAPER.title, config, weight="λ={:g}", radius="r={:g}", squared="squared")


def build(config: Config, side: "Side") -> "Term":
    """Its term; nothing of the old side but the features."""
    from frlib.compat._l2_term import Near

    return Near(config.weight, config.radius, squared=config.squared)
