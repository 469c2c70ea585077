"""Angular margin that grows with the embedding's length (MagFace).

    m(a) = l_m + (u_m − l_m)/(u_a − l_a)·(a − l_a),   a = clamp(|x|, l_a, u_a)

The gradient goes through m(a) (and is 0 outside the clamp). `fallback` past θ = π − m(a): `easy`
(the run script's easy_margin), `hard`, `none`, or `add` with 0 (FaceX-Zoo).

Sources: Meng et al., MagFace, CVPR 2021, arXiv 2103.06627, equations 5 and 6; MagFace repository
(IrvingMeng), models/magface.py; FaceX-Zoo, head/MagFace.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import model_validator

from frlib.core.config import setting
from frlib.heads.slots import Fallback, Margin, Margined

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch


class Config(Margin):
    """Two lengths and the margins at them."""

    name: Literal["magnitude"] = "magnitude"
    l_a: float = setting(10.0, gt=0, doc="shortest length", unit="embedding length")
    u_a: float = setting(110.0, gt=0, doc="longest length", unit="embedding length")
    l_margin: float = setting(0.45, ge=0, le=1.5, doc="margin at l_a", unit="radian")
    u_margin: float = setting(0.8, ge=0, le=1.5, doc="margin at u_a", unit="radian")
    fallback: Fallback = setting("easy", doc="value where the angle plus the margin passes π")

    @model_validator(mode="after")
    def _ordered(self) -> Config:
        if not (self.l_a < self.u_a and self.l_margin <= self.u_margin):
            raise ValueError(
                f"l_a={self.l_a}, u_a={self.u_a}, l_margin={self.l_margin}, "
                f"u_margin={self.u_margin}: need l_a < u_a and l_margin ≤ u_margin"
            )
        return self

    @property
    def rises(self) -> bool:
        """With the hard fallback."""
        return self.fallback == "hard"

    @property
    def rises_where_positive(self) -> bool:
        """It does."""
        return True

    def amounts(self, batch: Batch, own_B: Tensor, labels_B: Tensor, state: Any) -> Tensor:
        """m(a), `[B]`, in radians."""
        slope = (self.u_margin - self.l_margin) / (self.u_a - self.l_a)
        return self.l_margin + slope * (batch.norms_B.clamp(self.l_a, self.u_a) - self.l_a)

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        """Phi with each sample's margin, and its fallback."""
        from frlib.heads._angle import past_the_end, phi

        assert amounts is not None
        raw = phi(cos, amounts)
        return Margined(past_the_end(cos, raw, amounts, self.fallback), raw)
