"""Softmax cross-entropy: log Σ_j exp z_j − z_y.

The true value is returned: the cap at −log 1e−30 of insightface's distributed version is not
repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from frlib.heads.slots import Objective

if TYPE_CHECKING:
    from torch import Tensor


class Config(Objective):
    """Nothing to set."""

    takes_mixtures: ClassVar[bool] = True
    name: Literal["cross_entropy"] = "cross_entropy"

    def loss(
        self,
        target_B: Tensor,
        negatives_B: Tensor,
        top_B: Tensor | None,
        scale: Tensor,
        state: Any,
    ) -> Tensor:
        """log(1 + exp(N − z_y)), N the negatives' log-sum-exp."""
        from torch.nn.functional import softplus

        return softplus(negatives_B - target_B, threshold=50)
