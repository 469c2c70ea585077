"""Cosine similarity: c_j = ⟨x/|x|, w_j/|w_j|⟩. An all-zero row has cosine 0, not NaN."""

from torch import Tensor
from torch.nn.functional import linear, normalize

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.heads._draw import InitRule
from frlib.heads.slots import Similarity


class Config(Base):
    """Normalised embeddings and centres, one centre per class."""

    init: InitRule = setting("normal", doc="distribution the centres are drawn from")

    @property
    def centres_per_class(self) -> int:
        """One."""
        return 1

    def build(self) -> Similarity:
        """The function below."""
        return cosines


def cosines(emb_BD: Tensor, weight_RD: Tensor) -> Tensor:
    """`[B, C]` cosines. Rounding can put them a few units in the last place outside [−1, 1]."""
    return linear(normalize(emb_BD, eps=1e-12), normalize(weight_RD, eps=1e-12))
