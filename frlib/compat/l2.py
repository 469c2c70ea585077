"""Nearness to the old feature of the same image: loss = λ · mean_i |o_i − f_i|.

f_i: new embedding, o_i: old feature, both of length 1. The distance is not squared, as in the
source; `squared` is for the regression that its README speaks of. Its slope has length 1 however
near the pair is, and 0 for a pair closer than 1e-6, where the direction is rounding noise. The mean
is over all rows; an image without an old direction adds a constant, with slope 0.

Source: Liang et al., MixBCT, arXiv 2308.06948, where it is a baseline; its repository.
"""

from typing import TYPE_CHECKING, Literal

from frlib.compat._distance import Distance
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform

if TYPE_CHECKING:
    from frlib.compat._term import Side, Term

PAPER = Paper(
    key="liang2023mixbct",
    title="L2",
    where="baseline; MixBCT repository (yuleung), BCT_Methods/L2",
    url="https://arxiv.org/abs/2308.06948",
)


class Config(Distance):
    """Weight and form of the distance."""

    name: Literal["l2"] = "l2"


SPACE: dict[str, Distribution] = {"weight": Uniform(low=1.0, high=100.0, log=True)}


def label(config: Config) -> str:
    """Name in tables: L2, L2 (λ=1, squared)."""
    return named(PAPER.title, config, weight="λ={:g}", squared="squared")


def build(config: Config, side: "Side") -> "Term":
    """Its term; nothing of the old side but the features."""
    from frlib.compat._l2_term import Near

    return Near(config.weight, 0.0, squared=config.squared)
