"""Sub-center ArcFace: K centres per class, the nearest counts, for the target and for negatives.

Slots: similarity subcenter; margin combined, cos(θ_y + margin) − cos_margin; negatives
interclass_filter if set. `loss_k = 1` is ArcFace. The source has no fallback past θ = π − m
(`fallback = "none"`); the default here is ArcFace's `hard`. Starts from N(0, 0.01²). Of exactly
equal centres the lowest takes the gradient.
"""

from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Distribution, OneOf, Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.margins import combined
from frlib.heads.presets._fields import interclass_filter
from frlib.heads.presets._usual import filtered, usual
from frlib.heads.similarity import subcenter
from frlib.heads.slots import Slots

PAPER = Paper(
    key="deng2020subcenter",
    title="Sub-center ArcFace",
    where="insightface, recognition/subcenter_arcface/train_parall.py",
    url="https://www.ecva.net/papers/eccv_2020/papers_ECCV/html/1445_ECCV_2020_paper.php",
)

_SOURCE = "insightface, recognition/subcenter_arcface/train_parall.py"


class Config(HeadConfig):
    """Scale, number of centres, and the margins."""

    name: Literal["subcenter"] = "subcenter"
    scale: float = setting(64.0, gt=0, doc="logit scale s", source=f"{_SOURCE}: loss_s")
    loss_k: int = setting(
        3, ge=1, le=255, doc="centres per class, K; 1 is ArcFace", source=f"{_SOURCE}: loss_K"
    )
    margin: float = setting(
        0.5,
        ge=0,
        le=1.5,
        doc="added to the angle, m2",
        unit="radian",
        source=f"{_SOURCE}: loss_m2",
    )
    cos_margin: float = setting(
        0.0,
        ge=0,
        le=2,
        doc="subtracted from the cosine, m3",
        unit="cosine",
        source=f"{_SOURCE}: loss_m3",
    )
    fallback: Literal["hard", "none", "easy"] = setting(
        "hard",
        doc="past θ = π − m: hard goes on falling, none is the literal formula; easy has a "
        "margin for cos > 0 only",
        source=f"none as in {_SOURCE}; hard and easy as in the BoundaryFace repository, "
        "head/ArcFace.py",
    )
    margin_grad: Literal["exact", "detached"] = setting(
        "exact",
        doc="exact differentiates the margin, detached gives it slope 1",
        source=f"exact as in {_SOURCE}; detached as in insightface, "
        "recognition/arcface_torch/losses.py, CombinedMarginLoss",
    )

    interclass_filter: float = interclass_filter()


SPACE: dict[str, Distribution] = {
    "loss_k": OneOf(values=(1, 3, 5, 10)),
    "margin": Uniform(low=0.2, high=0.5),
    "scale": Uniform(low=16.0, high=64.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables: Sub-center ArcFace (K=3)."""
    return f"{PAPER.title} (K={config.loss_k})"


def compose(config: Config) -> Slots:
    """The slots of this head."""
    return usual(
        config.scale,
        similarity=subcenter.Config(loss_k=config.loss_k),
        margin=combined.Config(
            margin=config.margin,
            cos_margin=config.cos_margin,
            fallback=config.fallback,
            margin_grad=config.margin_grad,
        ),
        negatives=filtered(config.interclass_filter),
    )
