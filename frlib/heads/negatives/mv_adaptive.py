"""Mis-classified vectors with an adaptive weight (MV-Softmax).

    hard: c_j > the margin's formula without fallback;  hard c_j → w·c_j + w − 1

The published code pairs it with a margin that acts only where the target is large: arc with
`fallback = "easy"`, cos with `easy`.

Sources: Wang et al., Mis-classified Vector Guided Softmax Loss, AAAI 2020, arXiv 1912.00833,
equations 6 to 9; FaceX-Zoo, head/MV_Softmax.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from frlib.core.config import setting
from frlib.heads.slots import Margined, Negatives

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch
    from frlib.heads.columns import Columns


class Config(Negatives):
    """The weight."""

    name: Literal["mv_adaptive"] = "mv_adaptive"
    mv_weight: float = setting(1.12, ge=1, le=2, doc="weight w of hard negatives; 1 is none")

    def rows(
        self,
        columns: Columns,
        labels_B: Tensor,
        own_B: Tensor,
        margined: Margined,
        batch: Batch,
        state: Any,
    ) -> tuple[Tensor, ...]:
        """The threshold."""
        return (margined.raw,)

    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        """Hard ones weighted."""
        hard_bC = self.mv_weight * cos_bC + (self.mv_weight - 1)
        return hard_bC.where(cos_bC.detach() > rows[0], cos_bC)

    def bent(self, cos_bC: Tensor, *rows: Tensor) -> tuple[Tensor, Tensor]:
        """Slope w where hard, else 1."""
        extra_bC = (cos_bC > rows[0]).to(cos_bC.dtype) * (self.mv_weight - 1)
        return cos_bC + extra_bC * (cos_bC + 1), extra_bC + 1
