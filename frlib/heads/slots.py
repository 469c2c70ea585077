"""What each slot of a head sees and returns. A head is a composition of these.

B batch, b a block of its rows, C classes held by this worker (only those that take part in the
step, when classes are sampled), D embedding, R rows of the weight (C times the centres per class).

A slot is a module with a frozen `Config` that derives from one of the classes below; its methods
are the computation. They see `[B]` numbers, with two exceptions: `Negatives.bend` is applied
element by element to blocks of cosines, and reductions over all classes are asked of `Columns`.
So each slot is written once and works dense, sharded over workers, and sampled.

Slots never import each other; shared numerics are private modules. Importing a slot module does
not import torch, so that a study over slots is planned without it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol

from frlib.core.config import Config

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch
    from frlib.heads.columns import Columns, Survey
    from frlib.heads.output import Decisions

Fallback = Literal["hard", "none", "easy", "add"]
InitRule = Literal["normal", "xavier_uniform", "xavier_normal", "kaiming_normal", "unit"]
MarginGrad = Literal["exact", "detached"]
Reduction = Literal["logsumexp", "softplus"]


@dataclass(frozen=True)
class Number:
    """A number that a slot keeps between steps: where it starts, and how many there are of it.

    A whole `start` makes int64 numbers. `learned` ones get gradients. `per` sample: one for every
    training image.
    """

    start: float | int
    learned: bool = False
    per: Literal["head", "class", "sample"] = "head"


class Slot(Config):
    """What every slot has."""

    name: str

    def state(self, num_classes: int) -> Mapping[str, Number]:
        """The numbers it keeps; its methods get them as `state`."""
        return {}


class Margined(NamedTuple):
    """`target`: cosine after the margin and its fallback. `raw`: the margin's formula alone."""

    target: Tensor
    raw: Tensor


class Similarity(Slot):
    """How alike embeddings and classes are. Executed by `Columns`; a slot says which of it."""

    normalised: ClassVar[bool] = True

    @property
    def centres_per_class(self) -> int:
        """Weight rows of a class; the nearest counts."""
        return 1

    @property
    @abstractmethod
    def start(self) -> InitRule:
        """Distribution the weight is drawn from."""


class Scale(Slot):
    """The factor s between cosines and logits."""

    @abstractmethod
    def now(
        self, columns: Columns, labels_B: Tensor, own_B: Tensor, batch: Batch, state: Any
    ) -> Tensor:
        """s for this batch, `[]`, without a gradient; `own_B` are the plain target cosines."""

    @abstractmethod
    def current(self, state: Any) -> float:
        """s as training left it."""


class Margin(Slot):
    """A penalty on the target, element by element. `is_angular`: it needs cosines."""

    is_angular: ClassVar[bool] = True

    @property
    @abstractmethod
    def rises(self) -> bool:
        """Whether the margin-ed value never falls as the cosine rises."""

    @property
    def rises_where_positive(self) -> bool:
        """Whether it never falls as the cosine rises, where it is positive; and from there on."""
        return self.rises

    def observe(self, batch: Batch, state: Any) -> None:
        """Move `state` once a training step, before use."""

    def amounts(self, batch: Batch, own_B: Tensor, labels_B: Tensor, state: Any) -> Tensor | None:
        """What the penalty depends on besides the cosine, `[B]`, or None."""
        return None

    @abstractmethod
    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        """Cosines after the margin, same shape; `amounts` broadcasts against it."""


class Negatives(Slot):
    """How the other classes' cosines count; may also change the target.

    `silences`: the nearest of them may not count at all.
    """

    is_plain: ClassVar[bool] = False
    silences: ClassVar[bool] = False

    def rows(
        self,
        columns: Columns,
        labels_B: Tensor,
        own_B: Tensor,
        margined: Margined,
        batch: Batch,
        state: Any,
    ) -> tuple[Tensor, ...]:
        """Constants of the bend: `[B]` (one a row) or `[]`. Everything given is detached."""
        return ()

    def target(self, own_B: Tensor, margined: Margined, *rows: Tensor) -> Tensor:
        """The target cosine `[B]`, differentiable."""
        return margined.target

    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        """The cosines as they count, element by element; `rows` are `[b, 1]` or `[]`."""
        return cos_bC

    def bent(self, cos_bC: Tensor, *rows: Tensor) -> tuple[Tensor, Tensor]:
        """`bend` and its derivative. Found by differentiating `bend`; written out where it pays."""
        import torch

        with torch.enable_grad():
            leaf_bC = cos_bC.detach().requires_grad_()
            value_bC = self.bend(leaf_bC, *rows)
            (slope_bC,) = torch.autograd.grad(value_bC.sum(), leaf_bC)
        return value_bC.detach(), slope_bC


class Surveyor(Protocol):
    """`Columns`, or what stands in for them."""

    def survey(self, labels_B: Tensor, *, depth: int = 1) -> Survey:
        """See `Columns.survey`."""
        ...

    def survey_by(self, labels_B: Tensor, key: Callable[[Tensor, slice], Tensor]) -> Survey:
        """See `Columns.survey_by`."""
        ...


@dataclass(frozen=True)
class Verdict:
    """What a relabelling rule made of a batch; `[B]` each.

    Samples with `is_moved` train on `rival`, the others on the given label. `keep` is the share of
    the label in a mixed target, the rest goes to `other` (both or neither). `weights` multiply the
    sample's loss. `is_first`: `rival` is the survey's first class, so nothing need be asked again.
    """

    is_moved_B: Tensor
    rival_B: Tensor
    decisions: Decisions | None
    is_first: bool = False
    keep_B: Tensor | None = None
    other_B: Tensor | None = None
    weights_B: Tensor | None = None


class Relabel(Slot):
    """A rule that may replace given labels. `mixes_labels`: or mix them with another class."""

    mixes_labels: ClassVar[bool] = False

    @abstractmethod
    def is_on(self, epoch: int) -> bool:
        """Whether it looks at batches of this epoch."""

    def decide(
        self,
        columns: Surveyor,
        survey: Survey,
        margin: Margin,
        amounts: Tensor | None,
        batch: Batch,
        state: Any,
    ) -> Verdict:
        """Without gradients. `survey` is taken at the given labels. A rule never on needs none."""
        raise NotImplementedError(f"relabel {self.name!r} is on, but decides nothing")


class Objective(Slot):
    """The loss of a sample from its target logit and a reduction over its negatives' logits.

    `takes_mixtures`: with a share k of the target on class o, the loss is that of the label plus
    k·(z_y − z_o).

    logsumexp: log Σ_{j≠y} exp z_j. softplus: Σ_{j≠y} log(1 + exp(clamp(z_j + offset, −s, s))).
    """

    reduction: ClassVar[Reduction] = "logsumexp"
    takes_mixtures: ClassVar[bool] = False
    wants_top: ClassVar[bool] = False

    def offset(self, state: Any) -> Tensor | None:
        """Added to the negatives' logits before a softplus reduction, `[]`."""
        return None

    @abstractmethod
    def loss(
        self,
        target_B: Tensor,
        negatives_B: Tensor,
        top_B: Tensor | None,
        scale: Tensor,
        state: Any,
    ) -> Tensor:
        """`[B]`. `top_B`: the largest of the negatives' logits, if wanted."""


class Term(Slot):
    """A further loss, already weighted.

    `wants_rivals`: it uses the nearest other class. `wants_margin`: the one margin it goes with.
    """

    wants_rivals: ClassVar[bool] = False
    wants_margin: ClassVar[str | None] = None

    @property
    @abstractmethod
    def term(self) -> str:
        """Name under which it is reported."""

    def is_on(self, epoch: int) -> bool:
        """Whether it counts in this epoch."""
        return True

    @abstractmethod
    def loss(self, seen: Seen, batch: Batch, state: Any) -> Tensor:
        """`[B]`, or a scalar that belongs to the whole batch."""


@dataclass(frozen=True)
class Seen:
    """What terms may use, `[B]`, differentiable. Labels are those trained on.

    own: plain target cosine. margined: after the margin. rival: largest plain cosine of another
    class, if a term wants it.
    """

    labels_B: Tensor
    own_B: Tensor
    margined: Margined
    rival_B: Tensor | None
    margin_state: Any


@dataclass(frozen=True, kw_only=True)
class Slots:
    """One choice for every slot."""

    scale: Scale
    similarity: Similarity
    margin: Margin
    negatives: Negatives
    relabel: Relabel
    objective: Objective
    terms: tuple[Term, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what has no meaning together."""
        if self.margin.is_angular and not self.similarity.normalised:
            raise ValueError(
                f"margin {self.margin.name!r} turns angles, but similarity "
                f"{self.similarity.name!r} has none; take a normalised similarity, or margin "
                "'none' or 'cos'"
            )
        if self.relabel.mixes_labels:
            for slot, is_fit in (
                (self.objective, self.objective.takes_mixtures),
                (self.negatives, not self.negatives.silences),
            ):
                if not is_fit:
                    raise ValueError(
                        f"relabel {self.relabel.name!r} mixes labels, which has no meaning with "
                        f"{slot.name!r}; take objective 'cross_entropy' and negatives that count"
                    )
        names = [term.term for term in self.terms]
        if len(set(names)) < len(names):
            raise ValueError(f"terms {names}: each may be there once; give it one weight")
        for term in self.terms:
            if term.wants_margin is not None and self.margin.name != term.wants_margin:
                raise ValueError(
                    f"term {term.term!r} belongs to margin {term.wants_margin!r}, found "
                    f"{self.margin.name!r}; change one of them"
                )
