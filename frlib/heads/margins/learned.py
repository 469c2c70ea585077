"""A cosine margin per class, learned (AdaM-Softmax of AdaptiveFace): c − m_y, m_y in [0, 1].

Margins start at 0.35 (the source draws them between 0.3 and 0.4). They count as within [0, 1], and
are put back there before every training step. They want the term `margin_reward`, or they shrink to
0.

Sources: Liu et al., AdaptiveFace, CVPR 2019, equations 4 to 6; FaceX-Zoo, head/AdaM_Softmax.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from frlib.heads.slots import Margin, Margined, Number

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch


class Config(Margin):
    """Nothing to set."""

    is_angular: ClassVar[bool] = False
    name: Literal["learned"] = "learned"

    def state(self, num_classes: int) -> Mapping[str, Number]:
        """`margin`: that of each class."""
        return {"margin": Number(0.35, learned=True, per="class")}

    @property
    def rises(self) -> bool:
        """It does."""
        return True

    def observe(self, batch: Batch, state: Any) -> None:
        """Back into [0, 1]."""
        state.margin.clamp_(0.0, 1.0)

    def amounts(self, batch: Batch, own_B: Tensor, labels_B: Tensor, state: Any) -> Tensor:
        """The margin of each label, `[B]`."""
        from frlib.heads._angle import straight_through

        margin_C = state.margin
        bounded_C = straight_through(margin_C, margin_C.detach().clamp(0.0, 1.0), "detached")
        return batch.of_labels(bounded_C, labels_B)

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        """c − m_y."""
        assert amounts is not None
        value = cos - amounts
        return Margined(value, value)
