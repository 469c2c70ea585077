"""A scale that follows training by itself (AdaCos, dynamic).

    s ← log B / cos(min(π/4, median θ_y)),   B = mean_b Σ_{j≠y} exp(s·c_j)

from √2·log(max(C − 1, 2)) on, taken with the scale of the step before, over the global batch,
before it is used, in training mode only. It is a buffer and so part of a checkpoint (the source
keeps a plain attribute, and moves it in evaluation too). Of an even number of angles the lower
middle one is the median. s is kept at 1 or more, which a handful of classes would undo.

Source: Zhang et al., AdaCos, CVPR 2019, arXiv 1905.00292, equations 12 to 15; FaceX-Zoo,
head/AdaCos.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from frlib.heads.slots import Number, Scale

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch
    from frlib.heads.columns import Columns


class Config(Scale):
    """Nothing to set."""

    name: Literal["adaptive"] = "adaptive"

    def state(self, num_classes: int) -> Mapping[str, Number]:
        """`scale`: the scale of the step before."""
        return {"scale": Number(math.sqrt(2) * math.log(max(num_classes - 1, 2)))}

    def now(
        self, columns: Columns, labels_B: Tensor, own_B: Tensor, batch: Batch, state: Any
    ) -> Tensor:
        """The moved scale, `[]`; in evaluation the one that training left."""
        import torch

        if batch.is_training:
            log_sum_B = batch.data.all_gather(columns.log_sum_exp(labels_B, state.scale))
            mean = torch.logsumexp(log_sum_B, 0) - math.log(len(log_sum_B))
            middle = batch.data.all_gather(own_B.clamp(-1, 1)).acos().median()
            moved = mean / middle.clamp(max=math.pi / 4).cos()
            state.scale.copy_(moved.clamp(min=1.0))
        return state.scale.to(own_B.dtype).clone()

    def current(self, state: Any) -> float:
        """The one that training left."""
        return float(state.scale)
