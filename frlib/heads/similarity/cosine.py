"""Cosine similarity: c_j = ⟨x/|x|, w_j/|w_j|⟩. An all-zero vector has cosine 0 and no gradient."""

from typing import Literal

from frlib.core.config import setting
from frlib.heads.slots import InitRule, Similarity


class Config(Similarity):
    """Normalised embeddings and centres, one centre per class."""

    name: Literal["cosine"] = "cosine"
    init: InitRule = setting("normal", doc="distribution the centres are drawn from")

    @property
    def start(self) -> InitRule:
        """As set."""
        return self.init
