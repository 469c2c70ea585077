"""Inner product ⟨x, w_j⟩, no normalisation and no bias: the plain softmax classifier."""

from torch import Tensor
from torch.nn.functional import linear

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.heads._draw import InitRule
from frlib.heads.slots import Similarity


class Config(Base):
    """Raw embeddings and centres, one centre per class."""

    init: InitRule = setting("xavier_normal", doc="distribution the centres are drawn from")

    @property
    def centres_per_class(self) -> int:
        """One."""
        return 1

    def build(self) -> Similarity:
        """The function below."""
        return products


def products(emb_BD: Tensor, weight_RD: Tensor) -> Tensor:
    """`[B, C]` inner products."""
    return linear(emb_BD, weight_RD)
