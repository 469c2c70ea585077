"""Several centres per class, the nearest of which counts: c_j = max_k ⟨x/|x|, w_jk/|w_jk|⟩.

Every class is treated so, target and negatives alike. The gradient reaches the winning centre
only; of exactly equal ones the lowest index wins (the MXNet source sends the full gradient to all
of them). Centre k of class c is row c·K + k of the weight.
"""

from functools import partial

from torch import Tensor
from torch.nn.functional import linear, normalize

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.heads._draw import InitRule
from frlib.heads.slots import Similarity


class Config(Base):
    """K normalised centres per class."""

    loss_k: int = setting(
        3,
        ge=1,
        doc="centres per class, K",
        source="insightface, recognition/subcenter_arcface/train_parall.py: loss_K",
    )
    init: InitRule = setting("normal", doc="distribution the centres are drawn from")

    @property
    def centres_per_class(self) -> int:
        """K."""
        return self.loss_k

    def build(self) -> Similarity:
        """`nearest`, without the winners."""
        return partial(_cosines, loss_k=self.loss_k)


def nearest(emb_BD: Tensor, weight_RD: Tensor, loss_k: int) -> tuple[Tensor, Tensor]:
    """`[B, C]` cosines to each class's nearest centre, and which centre that is (0 .. K − 1)."""
    cos_BR = linear(normalize(emb_BD, eps=1e-12), normalize(weight_RD, eps=1e-12))
    best = cos_BR.reshape(len(emb_BD), -1, loss_k).max(dim=2)
    return best.values, best.indices


def _cosines(emb_BD: Tensor, weight_RD: Tensor, *, loss_k: int) -> Tensor:
    return nearest(emb_BD, weight_RD, loss_k)[0]
