"""Any slots together: a composition spelled out slot by slot.

Slots: as named. Fields of slots can be set and searched, for example head.margin.margin,
head.similarity.loss_k, head.relabel.first_corrected_epoch; terms are given as a whole,
head.terms=[{"name": "boundary_gap", "lam": 1}]. `frlib head list` names the choices. `scale` is s
while `scaling` is fixed. What has no meaning together is refused.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import model_validator

from frlib.core.config import Choice, setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution
from frlib.heads.config import HeadConfig
from frlib.heads.scales import fixed
from frlib.heads.slots import Slots

if TYPE_CHECKING:
    from frlib.heads import slots

    Similarity = slots.Similarity
    Margin = slots.Margin
    Negatives = slots.Negatives
    Relabel = slots.Relabel
    Objective = slots.Objective
    Term = slots.Term
    Scale = slots.Scale
else:
    Similarity = Choice["frlib.heads.similarity"]
    Margin = Choice["frlib.heads.margins"]
    Negatives = Choice["frlib.heads.negatives"]
    Relabel = Choice["frlib.heads.relabel"]
    Objective = Choice["frlib.heads.objectives"]
    Term = Choice["frlib.heads.terms"]
    Scale = Choice["frlib.heads.scales"]

PAPER = Paper(key="composed", title="Composed", where="not published: slots put together by hand")

_SOURCE = "see the slot's page"


class Config(HeadConfig):
    """A choice for every slot."""

    name: Literal["composed"] = "composed"
    similarity: Similarity = setting(
        "cosine", doc="how alike embeddings and classes are", source=_SOURCE
    )
    margin: Margin = setting("arc", doc="penalty on the target", source=_SOURCE)
    negatives: Negatives = setting("none", doc="how other classes count", source=_SOURCE)
    relabel: Relabel = setting("none", doc="rule that may replace labels", source=_SOURCE)
    objective: Objective = setting("cross_entropy", doc="loss of the logits", source=_SOURCE)
    terms: tuple[Term, ...] = setting((), doc="further losses", source=_SOURCE)
    scaling: Scale = setting("fixed", doc="constant s, or a rule that sets it", source=_SOURCE)

    @model_validator(mode="after")
    def _fits_together(self) -> "Config":
        if self.scaling.name == "fixed" and self.scaling != fixed.Config():
            raise ValueError("the fixed scale of a head is head.scale; set that, not scaling.scale")
        compose(self)
        return self


SPACE: dict[str, Distribution] = {}


def label(config: Config) -> str:
    """Name in tables: Composed and the slots that differ from a plain ArcFace."""
    plain = Config()
    own = [
        getattr(config, slot).name
        for slot in ("similarity", "margin", "negatives", "relabel", "objective")
        if getattr(config, slot).name != getattr(plain, slot).name
    ]
    own += [term.name for term in config.terms]
    return PAPER.title + (f" ({', '.join(own)})" if own else "")


def compose(config: Config) -> Slots:
    """The slots of this head."""
    return Slots(
        scale=fixed.Config(scale=config.scale)
        if config.scaling == fixed.Config()
        else config.scaling,
        similarity=config.similarity,
        margin=config.margin,
        negatives=config.negatives,
        relabel=config.relabel,
        objective=config.objective,
        terms=config.terms,
    )
