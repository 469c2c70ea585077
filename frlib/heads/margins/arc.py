"""Additive angular margin (ArcFace): phi(c) = cos(arccos c + m).

Past arccos c = π − m the cosine turns upwards again. `fallback` says what happens there: `hard`
(default) goes on falling with c − m·sin m; `none` is the literal formula (insightface); `easy`
applies the margin only where c > 0; `add` takes c − fallback_margin (FaceX-Zoo, jumps up at the
threshold). `margin_grad`: `exact` differentiates the margin, slope sin(θ + m)/sin θ; `detached`
gives slope 1 (insightface, opensphere). The two train differently.

Sources: Deng et al., ArcFace, CVPR 2019, equation 3; BoundaryFace repository, head/ArcFace.py
(hard, easy, exact); insightface, recognition/arcface_torch/losses.py, CombinedMarginLoss (none,
detached); FaceX-Zoo, head/ArcFace.py (add).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import model_validator

from frlib.core.config import setting
from frlib.heads.slots import Fallback, Margin, Margined, MarginGrad

if TYPE_CHECKING:
    from torch import Tensor


class Config(Margin):
    """Margin, what happens past π − m, and its gradient."""

    name: Literal["arc"] = "arc"
    margin: float = setting(0.5, ge=0, le=1.5, doc="margin m", unit="radian")
    fallback: Fallback = setting("hard", doc="value where the angle plus the margin passes π")
    fallback_margin: float = setting(
        0.0, ge=0, le=2, doc="subtracted by fallback 'add'", unit="cosine"
    )
    margin_grad: MarginGrad = setting("exact", doc="slope of the margin, or slope 1")

    @model_validator(mode="after")
    def _meaningful(self) -> Config:
        if self.fallback_margin and self.fallback != "add":
            raise ValueError(
                f"fallback_margin={self.fallback_margin} acts with fallback='add' only, "
                f"found fallback={self.fallback!r}; set fallback_margin=0"
            )
        return self

    @property
    def rises(self) -> bool:
        """With the hard fallback."""
        return self.fallback == "hard" or self.margin == 0

    @property
    def rises_where_positive(self) -> bool:
        """Every form does: the others turn or jump where phi is negative."""
        return True

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        """Phi with its fallback; `raw` is phi alone."""
        from frlib.heads._angle import past_the_end, phi, straight_through

        raw = phi(cos, self.margin)
        target = past_the_end(cos, raw, self.margin, self.fallback, self.fallback_margin)
        return Margined(straight_through(cos, target, self.margin_grad), raw)
