"""New embeddings near the old features of their class that went by lately, in two spaces.

A ring of Q old features q_j of length 1 with labels l_j; each pass first enters its own, those of
the first worker first. With P_i = {j : l_j = y_i}, a_ij = (1 + o_i · q_j) / 2,

    L1 = −mean_i 1/|P_i| Σ_{j ∈ P_i} a_ij log softmax_j( f_i · q_j / temp )
    L2 = the same of z_i · t_j / temp
    loss = α · L1 + β · L2

f_i: new embedding, o_i: old feature of the same image, of length 1; z_i, t_j: what the classifier
says of f_i and q_j. An image without an old direction is entered as an empty slot, and its row does
not count.

variant `cosine`: z and t are cosines with the current class centres, neither with margin nor scale.
z has a gradient, to the embedding and to the centres; t is a constant. The sum over classes comes
first, z_i · t_j = f_i (Wᵀ W) q_j with a D × D matrix, so no ring of C numbers a slot exists, where
the source keeps the logits of when a feature came. With several centres per class all of them count
alike; where classes are sampled, all classes count and centres take no gradient from it. For
centres spread evenly Wᵀ W is about C/D times the identity: L2 is L1 at a D/C-fold temperature.
Empty slots take no part.

variant `source`: z and t are logits with margin and scale, t of when it came; `clamped` to [−1, 1],
as the source does at half precision, which all its configs have. They come without a gradient, so
L2 trains nothing. Empty slots stay in the softmax as zeros. The weight of L1 there is also
multiplied by the number of workers, which is not done here: set `alpha` (8 for the published runs).
Every worker keeps Q × C logits, which are those of the head in evaluation: all classes take part,
and old features have length 1. Not for heads that remember single images.

β > 0 needs old features of the new embedding's size, which are classified as they are: with a
learned map between the two spaces L2 makes no sense. Each pass of a step enters its own images.

Sources: Wu et al., Neighborhood Consensus Contrastive Learning for Backward-Compatible
Representation, AAAI 2022; MixBCT repository. The filter of credible samples is left out: in the
source it lets everything pass.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import model_validator

from frlib.compat._method import Method
from frlib.core.config import setting
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform

if TYPE_CHECKING:
    from frlib.compat._term import Side, Term

PAPER = Paper(
    key="wu2022nccl",
    title="NCCL",
    where="MixBCT repository (yuleung), BCT_Methods/NCCL",
    url="https://arxiv.org/abs/2108.03372",
)
_SOURCE = "MixBCT repository, NCCL"


class Config(Method):
    """Ring, weights, temperature, and what the classifier is asked."""

    name: Literal["nccl"] = "nccl"
    alpha: float = setting(
        1.0, ge=0, doc="weight α of the first sum", source=f"{_SOURCE}, there times its 8 workers"
    )
    beta: float = setting(0.01, ge=0, doc="weight β of the second sum", source=_SOURCE)
    temp: float = setting(1.0, gt=0, doc="temperature of both softmaxes", source=_SOURCE)
    buffer: int = setting(
        8192, ge=1, doc="old features that are kept", unit="images", source=_SOURCE
    )
    variant: Literal["cosine", "source"] = setting(
        "cosine",
        doc="cosine: cosines with the centres, with a gradient, empty slots left out; source: "
        "logits with margin and scale, without one, empty slots in",
        source=f"source as in the {_SOURCE}",
    )
    clamped: bool = setting(
        False,
        doc="logits clamped to [−1, 1]; of variant source alone",
        source=f"{_SOURCE}: at half precision, which all its configs have",
    )

    @model_validator(mode="after")
    def _clamps_logits(self) -> "Config":
        if self.clamped and self.variant != "source":
            raise ValueError(
                f"clamped=True with variant={self.variant!r}, whose cosines lie in [−1, 1] anyway; "
                "leave it out, or set variant=source"
            )
        return self

    @property
    def sees_centres(self) -> bool:
        """For the second sum."""
        return self.beta > 0

    def numbers(self, classes: int, dim: int, rows: int) -> int:
        """The ring, tensors over its slots, and for the second sum the product of the centres."""
        sums = 1 if not self.beta else 2
        found = self.buffer * dim + 4 * sums * rows * self.buffer
        if self.beta and self.variant == "source":
            return found + (self.buffer + 4 * rows) * classes
        return found + (3 * dim * dim if self.beta else 0)


SPACE: dict[str, Distribution] = {
    "alpha": Uniform(low=0.1, high=10.0, log=True),
    "beta": Uniform(low=0.001, high=0.1, log=True),
    "temp": Uniform(low=0.05, high=1.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables: NCCL, NCCL (β=0, source)."""
    return named(
        PAPER.title,
        config,
        alpha="α={:g}",
        beta="β={:g}",
        temp="temp={:g}",
        buffer="Q={}",
        variant="{}",
        clamped="clamped",
    )


def build(config: Config, side: "Side") -> "Term":
    """Its term; `ConfigError` for a buffer that does not hold a step."""
    from frlib.compat._nccl_term import Neighbours

    return Neighbours(config, side)
