"""Reward for large learned margins (AdaM-Softmax): λ·(1 − mean over classes of m_j).

Goes with the margin `learned`.

Sources: Liu et al., AdaptiveFace, CVPR 2019, equation 6; FaceX-Zoo, head/AdaM_Softmax.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from frlib.core.config import setting
from frlib.heads.slots import Seen, Term

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch


class Config(Term):
    """The weight."""

    wants_margin: ClassVar[str | None] = "learned"
    name: Literal["margin_reward"] = "margin_reward"
    lam: float = setting(70.0, ge=0, doc="weight λ")

    @property
    def term(self) -> str:
        """Name under which it is reported."""
        return "margin_reward"

    def loss(self, seen: Seen, batch: Batch, state: Any) -> Tensor:
        """A scalar, weighted."""
        from frlib.parallel.collectives import replicated_sum

        total = replicated_sum(seen.margin_state.margin.sum(), batch.shard.group)
        return self.lam * (1 - total / batch.shard.num_classes)
