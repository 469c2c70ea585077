"""Several centres per class, the nearest of which counts: c_j = max_k ⟨x/|x|, w_jk/|w_jk|⟩.

Every class is treated so, target and negatives alike. The gradient reaches the winning centre
only; of exactly equal ones the lowest index wins (the MXNet source sends the full gradient to all
of them). Centre k of class c is row c·K + k of the weight.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.heads.slots import InitRule, Similarity


class Config(Similarity):
    """K normalised centres per class."""

    name: Literal["subcenter"] = "subcenter"
    loss_k: int = setting(
        3,
        ge=1,
        le=255,
        doc="centres per class, K",
        source="insightface, recognition/subcenter_arcface/train_parall.py: loss_K",
    )
    init: InitRule = setting("normal", doc="distribution the centres are drawn from")

    @property
    def centres_per_class(self) -> int:
        """K."""
        return self.loss_k

    @property
    def start(self) -> InitRule:
        """As set."""
        return self.init
