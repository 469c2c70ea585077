"""Adaptive curriculum (CurricularFace): hard negatives count more as training succeeds.

    hard: c_j > phi(t), the margin's formula without fallback;  hard c_j → c_j·(T + c_j)
    T ← rate·mean(t) + (1 − rate)·T, from 0, with the plain target cosines t, before it is used

T moves in training mode only, with the mean over all data-parallel workers, and lives in a buffer:
so workers agree and a checkpoint carries it. (The source also moves it in evaluation, per worker.)
Workers weigh the same, whatever the size of their part of the batch.

Source: Huang et al., CurricularFace, CVPR 2020, section 3, and their repository (HuangYG123),
head/metrics.py.
"""

import torch
from torch import Tensor, nn

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.heads.slots import Margined, Negatives
from frlib.parallel.collectives import Group


class Config(Base):
    """The rate of the moving average."""

    ema_rate: float = setting(0.01, ge=0, le=1, doc="weight of a new batch in T", unit="1/step")

    def build(self) -> Negatives:
        """A module holding T, at 0."""
        return Curriculum(self.ema_rate)


class Curriculum(nn.Module):
    """State `t`: the moving mean of the target cosines, a scalar."""

    t: Tensor

    def __init__(self, ema_rate: float) -> None:
        super().__init__()
        self.ema_rate = ema_rate
        self.register_buffer("t", torch.zeros(()))

    def forward(
        self, cos_BC: Tensor, own_B: Tensor, margined: Margined, data: Group
    ) -> tuple[Tensor, Tensor]:
        """Hard negatives re-weighted by the updated T."""
        t = self._updated(own_B, data)
        is_hard_BC = cos_BC.detach() > margined.raw.detach()[:, None]
        return torch.where(is_hard_BC, cos_BC * (t + cos_BC), cos_BC), margined.target

    @torch.no_grad()
    def _updated(self, own_B: Tensor, data: Group) -> Tensor:
        if self.training:
            mean = data.mean(own_B.mean()).to(self.t.dtype)
            self.t.copy_(self.ema_rate * mean + (1 - self.ema_rate) * self.t)
        return self.t.clone()
