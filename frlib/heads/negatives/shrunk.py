"""Negatives at a smaller angle (SphereFace-R v2): c_j → cos(θ_j/m), with slope 1.

The margin is on the other side: the target counts as it is.

Sources: Liu et al., SphereFace Revived, TPAMI 2022, arXiv 2109.05565, version 2; ExpFace
repository, losses.py, SphereFaceRv2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from frlib.core.config import setting
from frlib.heads.slots import Negatives

if TYPE_CHECKING:
    from torch import Tensor


class Config(Negatives):
    """The divisor."""

    name: Literal["shrunk"] = "shrunk"
    margin: float = setting(1.4, ge=1, le=4, doc="divisor m of the negatives' angles")

    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        """The formula with slope 1."""
        from frlib.heads._angle import straight_through

        return straight_through(cos_bC, self._value(cos_bC.detach()), "detached")

    def bent(self, cos_bC: Tensor, *rows: Tensor) -> tuple[Tensor, Tensor]:
        """Slope 1."""
        value_bC = self._value(cos_bC)
        return value_bC, value_bC.new_ones(()).expand_as(value_bC)

    def _value(self, cos_bC: Tensor) -> Tensor:
        return (cos_bC.clamp(-1.0, 1.0).acos() / self.margin).cos()
