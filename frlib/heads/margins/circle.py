"""The target's side of Circle loss: α·(c − (1 − m)), α = max(0, 1 + m − c) without gradient.

Goes with the negatives `circle` of the same m and a scale γ.

Sources: Sun et al., Circle Loss, CVPR 2020, arXiv 2002.10857, equations 5 to 8; FaceX-Zoo,
head/CircleLoss.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from frlib.core.config import setting
from frlib.heads.slots import Margin, Margined

if TYPE_CHECKING:
    from torch import Tensor


class Config(Margin):
    """The relaxation."""

    name: Literal["circle"] = "circle"
    margin: float = setting(0.25, ge=0, le=1, doc="relaxation m", unit="cosine")

    @property
    def rises(self) -> bool:
        """On [−1, 1] it does."""
        return True

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        """The formula."""
        value = (1 + self.margin - cos.detach()).clamp(min=0) * (cos - (1 - self.margin))
        return Margined(value, value)
