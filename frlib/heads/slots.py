"""What each slot of a head sees and returns. A head is a composition of these.

B batch, C classes held by this worker, D embedding, R rows of the weight (C times the centres per
class).

Every slot module defines a frozen `Config` whose `build()` returns the computation: a function, or
an `nn.Module` where there is state. Slots never import each other; shared numerics are private
modules.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from torch import Tensor

from frlib.heads._draw import InitRule
from frlib.heads._shard import Shard
from frlib.heads.output import Decisions
from frlib.parallel.collectives import Group


class Margined(NamedTuple):
    """`target`: cosine after the margin and its fallback. `raw`: the margin's formula alone."""

    target: Tensor
    raw: Tensor


class Similarity(Protocol):
    """How alike embeddings and classes are, before any margin."""

    def __call__(self, emb_BD: Tensor, weight_RD: Tensor) -> Tensor:
        """`[B, C]` cosines, or inner products."""
        ...


class Margin(Protocol):
    """A penalty on the target, element by element, on a tensor of any shape."""

    def __call__(self, cos: Tensor) -> Margined:
        """Cosines after the margin, same shape."""
        ...


class Negatives(Protocol):
    """How the other classes' cosines count; may also bound the target."""

    def __call__(
        self, cos_BC: Tensor, own_B: Tensor, margined: Margined, data: Group
    ) -> tuple[Tensor, Tensor]:
        """`[B, C]` (the target column is overwritten afterwards) and the target `[B]`.

        `own_B` are the plain target cosines, `data` the data-parallel workers.
        """
        ...


class Relabel(Protocol):
    """A rule that may replace given labels."""

    def __call__(
        self, cos_BC: Tensor, labels_B: Tensor, margin: Margin, shard: Shard, *, epoch: int
    ) -> tuple[Tensor, Decisions | None]:
        """Labels `[B]` to train on, and what was decided; None while the rule is off."""
        ...


class Objective(Protocol):
    """The loss of the logits."""

    def __call__(self, logits_BC: Tensor, labels_B: Tensor, shard: Shard) -> Tensor:
        """Scalar, the mean over the batch."""
        ...


class Term(Protocol):
    """A further loss, already weighted."""

    def __call__(
        self, cos_BC: Tensor, labels_B: Tensor, margined: Margined, shard: Shard, *, epoch: int
    ) -> Tensor:
        """Scalar, the mean over the batch. Labels and margined target are those trained on."""
        ...


class SimilarityConfig(Protocol):
    """Config of a similarity; also says how many weight rows a class has and how they start."""

    @property
    def centres_per_class(self) -> int:
        """Weight rows of a class."""
        ...

    @property
    def init(self) -> InitRule:
        """Distribution the weight is drawn from."""
        ...

    def build(self) -> Similarity:
        """The computation."""
        ...


class MarginConfig(Protocol):
    """Config of a margin."""

    def build(self) -> Margin:
        """The computation."""
        ...


class NegativesConfig(Protocol):
    """Config of a treatment of negatives."""

    def build(self) -> Negatives:
        """The computation."""
        ...


class RelabelConfig(Protocol):
    """Config of a relabelling rule."""

    def build(self) -> Relabel:
        """The computation."""
        ...


class ObjectiveConfig(Protocol):
    """Config of an objective."""

    def build(self) -> Objective:
        """The computation."""
        ...


class TermConfig(Protocol):
    """Config of an extra term."""

    @property
    def term(self) -> str:
        """Name under which the term is reported."""
        ...

    def build(self) -> Term:
        """The computation."""
        ...


@dataclass(frozen=True, kw_only=True)
class Slots:
    """One choice for every slot."""

    scale: float
    similarity: SimilarityConfig
    margin: MarginConfig
    negatives: NegativesConfig
    relabel: RelabelConfig
    objective: ObjectiveConfig
    terms: tuple[TermConfig, ...] = ()
