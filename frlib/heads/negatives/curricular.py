"""Adaptive curriculum (CurricularFace): hard negatives count more as training succeeds.

    hard: c_j > phi(t), the margin's formula without fallback;  hard c_j → c_j·(T + c_j)
    T ← rate·mean(t) + (1 − rate)·T, from 0, with the plain target cosines t, before it is used

T moves in training mode only, with the mean over all data-parallel workers, and lives in a buffer:
so workers agree and a checkpoint carries it. (The source also moves it in evaluation, per worker.)
Workers weigh the same, whatever the size of their part of the batch.

Source: Huang et al., CurricularFace, CVPR 2020, section 3, and their repository (HuangYG123),
head/metrics.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from frlib.core.config import setting
from frlib.heads.slots import Margined, Negatives, Number

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch
    from frlib.heads.columns import Columns


class Config(Negatives):
    """The rate of the moving average."""

    name: Literal["curricular"] = "curricular"
    ema_rate: float = setting(0.01, ge=0, le=1, doc="weight of a new batch in T", unit="1/step")

    def state(self, num_classes: int) -> Mapping[str, Number]:
        """`t`: the moving mean of target cosines."""
        return {"t": Number(0.0)}

    def rows(
        self,
        columns: Columns,
        labels_B: Tensor,
        own_B: Tensor,
        margined: Margined,
        batch: Batch,
        state: Any,
    ) -> tuple[Tensor, ...]:
        """The threshold, and T after its move."""
        if batch.is_training:
            mean = batch.data.mean(own_B.mean()).to(state.t.dtype)
            state.t.copy_(self.ema_rate * mean + (1 - self.ema_rate) * state.t)
        return margined.raw, state.t.to(own_B.dtype).clone()

    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        """Hard ones re-weighted."""
        threshold_b1, t = rows
        return (cos_bC * (t + cos_bC)).where(cos_bC.detach() > threshold_b1, cos_bC)

    def bent(self, cos_bC: Tensor, *rows: Tensor) -> tuple[Tensor, Tensor]:
        """Slope T + 2c where hard, else 1."""
        threshold_b1, t = rows
        is_hard_bC = cos_bC > threshold_b1
        factor_bC = (cos_bC + t).where(is_hard_bC, 1.0)
        return cos_bC * factor_bC, factor_bC.addcmul_(cos_bC, is_hard_bC)
