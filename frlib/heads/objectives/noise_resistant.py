"""Noise-resistant loss (NR, NRA): part of the target goes to what the model itself predicts.

    L = −[β·log p_y + (1 − β)·log p_ŷ],   ŷ = argmax of the margin-ed logits (a constant)

Where ŷ = y this is cross-entropy, at β = 1 everywhere. Because the margin lowers the target, ŷ
differs from y more often than without one. The batch mean is taken; the source divides its sums by
2 and more, which belongs to its learning rates (with 2 and 8 devices, a quarter of the plain mean).

Source: Zhong et al., Unequal-training for Deep Face Recognition with Long-tailed Noisy Data, CVPR
2019, equation 4, and their repository (zhongyy), loss type 5 with noise-beta.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from frlib.core.config import setting
from frlib.heads.slots import Objective

if TYPE_CHECKING:
    from torch import Tensor


class Config(Objective):
    """The label's share."""

    wants_top: ClassVar[bool] = True
    name: Literal["noise_resistant"] = "noise_resistant"
    beta: float = setting(0.9, ge=0, le=1, doc="share β of the given label; 1 is cross-entropy")

    def loss(
        self,
        target_B: Tensor,
        negatives_B: Tensor,
        top_B: Tensor | None,
        scale: Tensor,
        state: Any,
    ) -> Tensor:
        """Cross-entropy, and (1 − β) of what the prediction is ahead of the label taken off."""
        from torch.nn.functional import softplus

        assert top_B is not None
        ahead_B = (top_B - target_B).clamp(min=0)
        return softplus(negatives_B - target_B, threshold=50) - (1 - self.beta) * ahead_B
