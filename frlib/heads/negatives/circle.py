"""The negatives' side of Circle loss: c_j → α_j·(c_j − m), α_j = max(0, c_j + m) without gradient.

Sources: Sun et al., Circle Loss, CVPR 2020, arXiv 2002.10857, equations 5 to 8; FaceX-Zoo,
head/CircleLoss.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from frlib.core.config import setting
from frlib.heads.slots import Negatives

if TYPE_CHECKING:
    from torch import Tensor


class Config(Negatives):
    """The relaxation."""

    name: Literal["circle"] = "circle"
    margin: float = setting(0.25, ge=0, le=1, doc="relaxation m", unit="cosine")

    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        """The formula."""
        return (cos_bC.detach() + self.margin).clamp(min=0) * (cos_bC - self.margin)

    def bent(self, cos_bC: Tensor, *rows: Tensor) -> tuple[Tensor, Tensor]:
        """The slope is the weight α."""
        weight_bC = (cos_bC + self.margin).clamp_(min=0)
        return weight_bC * (cos_bC - self.margin), weight_bC
