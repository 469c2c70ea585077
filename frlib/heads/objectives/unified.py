"""Unified binary cross-entropy (UniFace's UCE): every class a yes-or-no question, one threshold.

    L = log(1 + exp(−clamp(z_y − b))) + l·Σ_{j≠y} log(1 + exp(clamp(z_j − b))),  clamp to [−s, s]

b is learned, from log(10·C·r) with C classes sampled at rate r. Beyond ±s the clamp leaves no
gradient, as in the source.

Source: Zhou et al., UniFace: Unified Cross-Entropy Loss for Deep Face Recognition, ICCV 2023,
equation 9, and their repository (CVI-SZU), UniFace/unified_cross_entropy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from frlib.core.config import setting
from frlib.heads.slots import Number, Objective, Reduction

if TYPE_CHECKING:
    from torch import Tensor


class Config(Objective):
    """Weight of the negatives, and the sampling rate that b starts from."""

    reduction: ClassVar[Reduction] = "softplus"
    name: Literal["unified"] = "unified"
    negative_weight: float = setting(1.0, gt=0, doc="weight l of the negatives")
    rate: float = setting(
        1.0, gt=0, le=1, doc="class sampling rate r in the start of b: the head's sample_rate"
    )

    def state(self, num_classes: int) -> Mapping[str, Number]:
        """`bias`: b."""
        return {"bias": Number(math.log(10 * num_classes * self.rate), learned=True)}

    def offset(self, state: Any) -> Tensor:
        """−b."""
        offset: Tensor = -state.bias
        return offset

    def loss(
        self,
        target_B: Tensor,
        negatives_B: Tensor,
        top_B: Tensor | None,
        scale: Tensor,
        state: Any,
    ) -> Tensor:
        """The formula."""
        from torch.nn.functional import softplus

        from frlib.heads._bounded import bounded

        own_B = softplus(bounded(state.bias - target_B, scale), threshold=50)
        return own_B + self.negative_weight * negatives_B
