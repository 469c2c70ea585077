"""Mis-classified vectors with a fixed weight (MV-Arc-Softmax as BoundaryFace runs it).

    g = clamp(target, −1, 1);  c_j → c_j + t_w  where c_j ≥ g;  then all clamped to [−1, 1]

A hard negative above 1 − t_w therefore has no gradient. This is not the adaptive form of MV-Softmax
(mask, weighting and clamp differ).

Source: BoundaryFace repository (SWJTU-3DVision), head/ms_origin_margin.py; the adaptive form is
Wang et al., Mis-classified Vector Guided Softmax Loss, AAAI 2020, arXiv 1912.00833.
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

    name: Literal["mv_fixed"] = "mv_fixed"
    t_weight: float = setting(0.2, ge=0, le=2, doc="added to hard negatives, t_w", unit="cosine")

    def rows(
        self,
        columns: Columns,
        labels_B: Tensor,
        own_B: Tensor,
        margined: Margined,
        batch: Batch,
        state: Any,
    ) -> tuple[Tensor, ...]:
        """g."""
        return (margined.target.clamp(-1.0, 1.0),)

    def target(self, own_B: Tensor, margined: Margined, *rows: Tensor) -> Tensor:
        """Bounded as well."""
        return margined.target.clamp(-1.0, 1.0)

    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        """Hard ones raised, all within [−1, 1]."""
        return cos_bC.add(self.t_weight).where(cos_bC.detach() >= rows[0], cos_bC).clamp(-1.0, 1.0)

    def bent(self, cos_bC: Tensor, *rows: Tensor) -> tuple[Tensor, Tensor]:
        """Slope 1 inside the bounds, 0 at and beyond them."""
        raised_bC = (cos_bC + self.t_weight).where(cos_bC >= rows[0], cos_bC)
        return raised_bC.clamp(-1.0, 1.0), (raised_bC.abs() < 1.0).to(cos_bC.dtype)
