"""Negatives weighted by how near they are to the target (ArcNegFace).

    w_j = α·exp(−(c_j − a)²/σ), without gradient;  c_j → w_j·c_j + w_j − 1;  a: margin-ed target

Sources: Liu et al., Towards Flops-constrained Face Recognition, ICCVW 2019, arXiv 1909.00632,
equation 4; FaceX-Zoo, head/ArcNegFace.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from frlib.core.config import setting
from frlib.heads.slots import Margined, Negatives

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch
    from frlib.heads.columns import Columns

_SOURCE = "FaceX-Zoo, head/ArcNegFace.py"


class Config(Negatives):
    """Height and width of the weight."""

    name: Literal["arcneg"] = "arcneg"
    alpha: float = setting(1.2, gt=0, doc="largest weight α", source=_SOURCE)
    sigma: float = setting(2.0, gt=0, doc="width σ", unit="squared cosine", source=_SOURCE)

    def rows(
        self,
        columns: Columns,
        labels_B: Tensor,
        own_B: Tensor,
        margined: Margined,
        batch: Batch,
        state: Any,
    ) -> tuple[Tensor, ...]:
        """a."""
        return (margined.target,)

    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        """Weighted."""
        weight_bC = self._weight(cos_bC.detach(), rows[0])
        return weight_bC * cos_bC + weight_bC - 1

    def bent(self, cos_bC: Tensor, *rows: Tensor) -> tuple[Tensor, Tensor]:
        """The slope is the weight."""
        weight_bC = self._weight(cos_bC, rows[0])
        return weight_bC * (cos_bC + 1) - 1, weight_bC

    def _weight(self, cos_bC: Tensor, target_b1: Tensor) -> Tensor:
        return self.alpha * (-(cos_bC - target_b1).square() / self.sigma).exp()
