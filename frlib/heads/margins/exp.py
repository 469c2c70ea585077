"""Exponential angular margin (ExpFace): cos(π·(θ/π)^m).

With m < 1 every angle grows, most where it is small; 0 and π stay where they are, and the value
falls with the angle everywhere, so there is no fallback. The slope is taken as 1 (as in the
source): the formula's own is infinite at θ = 0.

Source: ExpFace repository (baiyun-code), losses.py, class PowerFace.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from frlib.core.config import setting
from frlib.heads.slots import Margin, Margined

if TYPE_CHECKING:
    from torch import Tensor


class Config(Margin):
    """The exponent."""

    name: Literal["exp"] = "exp"
    margin: float = setting(0.7, gt=0, le=1, doc="exponent m; 1 is no margin")

    @property
    def rises(self) -> bool:
        """It does."""
        return True

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        """The formula with slope 1."""
        from frlib.heads._angle import angle, straight_through

        wider = math.pi * (angle(cos.detach()) / math.pi).pow(self.margin)
        value = straight_through(cos, wider.cos(), "detached")
        return Margined(value, value)
