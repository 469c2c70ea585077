"""Negatives and positives together (NPCFace): hard negatives raise the sample's own margin.

    hard: c_j > phi(t; m);  hard c_j → a·c_j + b
    target = cos(θ + m0 + m1·mean of hard c_j) where t > 0, else t

The margin slot's own m only decides what is hard; the mean has no gradient.

Sources: Zeng et al., NPCFace, arXiv 2007.10172; FaceX-Zoo, head/NPCFace.py, which fixes the four
constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from frlib.core.config import setting
from frlib.heads.slots import Margined, Negatives

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch
    from frlib.heads.columns import Columns

_SOURCE = "FaceX-Zoo, head/NPCFace.py"


class Config(Negatives):
    """The constants of both sides."""

    name: Literal["npc"] = "npc"
    m0: float = setting(
        0.4,
        ge=0,
        le=1.5,
        doc="margin of a sample without hard negatives",
        unit="radian",
        source=_SOURCE,
    )
    m1: float = setting(
        0.2,
        ge=0,
        le=1,
        doc="margin per unit of mean hard negative cosine",
        unit="radian",
        source=_SOURCE,
    )
    factor: float = setting(1.1, ge=0, doc="a, multiplies hard negatives", source=_SOURCE)
    shift: float = setting(
        0.2, ge=0, doc="b, added to hard negatives", unit="cosine", source=_SOURCE
    )

    def rows(
        self,
        columns: Columns,
        labels_B: Tensor,
        own_B: Tensor,
        margined: Margined,
        batch: Batch,
        state: Any,
    ) -> tuple[Tensor, ...]:
        """The threshold, and the sample's margin."""
        return margined.raw, self.m0 + self.m1 * columns.mean_above(labels_B, margined.raw)

    def target(self, own_B: Tensor, margined: Margined, *rows: Tensor) -> Tensor:
        """With the sample's margin."""
        from frlib.heads._angle import phi

        return phi(own_B, rows[1]).where(own_B > 0, own_B)

    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        """Hard ones raised."""
        return (self.factor * cos_bC + self.shift).where(cos_bC.detach() > rows[0], cos_bC)

    def bent(self, cos_bC: Tensor, *rows: Tensor) -> tuple[Tensor, Tensor]:
        """Slope a where hard, else 1."""
        is_hard_bC = (cos_bC > rows[0]).to(cos_bC.dtype)
        slope_bC = is_hard_bC * (self.factor - 1) + 1
        return (cos_bC * slope_bC).add_(is_hard_bC, alpha=self.shift), slope_bC
