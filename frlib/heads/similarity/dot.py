"""Inner product ⟨x, w_j⟩, no normalisation and no bias: the plain softmax classifier."""

from typing import ClassVar, Literal

from frlib.core.config import setting
from frlib.heads.slots import InitRule, Similarity


class Config(Similarity):
    """Raw embeddings and centres, one centre per class."""

    normalised: ClassVar[bool] = False
    name: Literal["dot"] = "dot"
    init: InitRule = setting("xavier_normal", doc="distribution the centres are drawn from")

    @property
    def start(self) -> InitRule:
        """As set."""
        return self.init
