"""Additive cosine margin (CosFace, AM-Softmax): c − m, m a cosine. Its slope is 1.

`easy` (FaceX-Zoo's MV-AM-Softmax) has the margin only where c > m.

Source: Wang et al., CosFace, CVPR 2018, equation 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from frlib.core.config import setting
from frlib.heads.slots import Margin, Margined

if TYPE_CHECKING:
    from torch import Tensor


class Config(Margin):
    """The margin, and whether it is for cosines above it only."""

    is_angular: ClassVar[bool] = False
    name: Literal["cos"] = "cos"
    margin: float = setting(0.4, ge=0, le=2, doc="margin m", unit="cosine")
    easy: bool = setting(False, doc="no margin where c ≤ m")

    @property
    def rises(self) -> bool:
        """Not across c = m of the easy form."""
        return not self.easy or self.margin == 0

    @property
    def rises_where_positive(self) -> bool:
        """The easy form jumps from m down to 0."""
        return self.rises

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        """c − m; `raw` without the exception."""
        raw = cos - self.margin
        return Margined(raw.where(cos > self.margin, cos) if self.easy else raw, raw)
