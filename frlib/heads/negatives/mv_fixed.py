"""Mis-classified vectors with a fixed weight (MV-Arc-Softmax as BoundaryFace runs it).

    g = clamp(target, −1, 1);  c_j → c_j + t_w  where c_j ≥ g;  then all clamped to [−1, 1]

A hard negative above 1 − t_w therefore has no gradient. This is not the adaptive form of MV-Softmax
(mask, weighting and clamp differ).

Source: BoundaryFace repository (SWJTU-3DVision), head/ms_origin_margin.py; the adaptive form is
Wang et al., Mis-classified Vector Guided Softmax Loss, AAAI 2020, arXiv 1912.00833.
"""

from functools import partial

import torch
from torch import Tensor

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.heads.slots import Margined, Negatives
from frlib.parallel.collectives import Group


class Config(Base):
    """The weight."""

    t_weight: float = setting(0.2, ge=0, le=2, doc="added to hard negatives, t_w", unit="cosine")

    def build(self) -> Negatives:
        """The function below, with this weight."""
        return partial(raised, t_weight=self.t_weight)


def raised(
    cos_BC: Tensor, own_B: Tensor, margined: Margined, data: Group, *, t_weight: float
) -> tuple[Tensor, Tensor]:
    """Hard negatives raised by `t_weight`, everything within [−1, 1]."""
    target_B = margined.target.clamp(-1.0, 1.0)
    is_hard_BC = cos_BC.detach() >= target_B.detach()[:, None]
    return torch.where(is_hard_BC, cos_BC + t_weight, cos_BC).clamp(-1.0, 1.0), target_B
