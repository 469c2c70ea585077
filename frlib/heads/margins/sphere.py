"""Multiplicative angular margin (SphereFace, SphereFace-R): ψ(m·θ).

    ψ(x) = (−1)^k cos x − 2k,   k = ⌊x/π⌋

which goes on falling past π. The slope is taken as 1, as in both sources. SphereFace-R's released
code clamps every cosine to ±(1 − 1e−5) and overwrites its weight with the normalised one in each
step; neither is repeated here.

Sources: Liu et al., SphereFace, CVPR 2017; Liu et al., SphereFace Revived, TPAMI 2022, arXiv
2109.05565; opensphere (ydwen), opensphere/module/head/sphereface.py; ExpFace repository, losses.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from frlib.core.config import setting
from frlib.heads.slots import Margin, Margined

if TYPE_CHECKING:
    from torch import Tensor


class Config(Margin):
    """The factor."""

    name: Literal["sphere"] = "sphere"
    margin: float = setting(1.7, ge=1, le=4, doc="factor m on the angle; 1 is no margin")

    @property
    def rises(self) -> bool:
        """It does."""
        return True

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        """The formula with slope 1."""
        from frlib.heads._angle import angle, straight_through

        wide = self.margin * angle(cos.detach())
        turns = (wide / math.pi).floor()
        sign = 1 - 2 * turns.remainder(2)
        value = straight_through(cos, sign * wide.cos() - 2 * turns, "detached")
        return Margined(value, value)
