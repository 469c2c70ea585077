"""Combined margin cos(m1·arccos c + m2) − m3, from the MXNet code of Sub-center ArcFace.

(1, m2, 0) is ArcFace, (1, 0, m3) CosFace, (1, 0.3, 0.2) the combination used there. The
insightface PyTorch class of the same purpose is not this: with m3 > 0 it ignores m1 and m2.
`fallback` is that of the angular margin and needs m1 = 1; the source has none.

Sources: Deng et al., ArcFace, CVPR 2019, equation 4; insightface,
recognition/subcenter_arcface/train_parall.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pydantic import model_validator

from frlib.core.config import setting
from frlib.heads.slots import Fallback, Margin, Margined, MarginGrad

if TYPE_CHECKING:
    from torch import Tensor


class Config(Margin):
    """The three margins."""

    name: Literal["combined"] = "combined"
    angle_factor: float = setting(1.0, gt=0, le=4, doc="m1, multiplies the angle")
    margin: float = setting(0.5, ge=0, le=1.5, doc="m2, added to the angle", unit="radian")
    cos_margin: float = setting(0.0, ge=0, le=2, doc="m3, subtracted last", unit="cosine")
    fallback: Fallback = setting("none", doc="value where the angle plus m2 passes π")
    margin_grad: MarginGrad = setting("exact", doc="slope of the margin, or slope 1")

    @model_validator(mode="after")
    def _defined(self) -> Config:
        if self.fallback == "add":
            raise ValueError("fallback='add' is not defined here; use 'hard', 'none' or 'easy'")
        if self.angle_factor != 1 and self.fallback != "none":
            raise ValueError(
                f"fallback={self.fallback!r} is not defined for angle_factor={self.angle_factor}; "
                "use fallback='none', or angle_factor=1 with 'hard' or 'easy'"
            )
        return self

    @property
    def rises(self) -> bool:
        """With the hard fallback, or where the widest angle stays within π."""
        return self.fallback == "hard" or self._widest <= math.pi

    @property
    def rises_where_positive(self) -> bool:
        """Unless the widest angle comes round to positive cosines again."""
        return self.rises or self._widest <= 1.5 * math.pi

    @property
    def _widest(self) -> float:
        return self.angle_factor * math.pi + self.margin

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        """The formula with its fallback; `raw` is the formula alone."""
        from frlib.heads._angle import angle, past_the_end, phi, straight_through

        if self.angle_factor == 1:
            raw = phi(cos, self.margin)
        else:
            raw = (self.angle_factor * angle(cos) + self.margin).cos()
        target = past_the_end(cos, raw, self.margin, self.fallback) - self.cos_margin
        return Margined(straight_through(cos, target, self.margin_grad), raw - self.cos_margin)
