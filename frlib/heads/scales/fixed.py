"""A constant scale s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from frlib.core.config import setting
from frlib.heads.slots import Scale

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch
    from frlib.heads.columns import Columns


class Config(Scale):
    """The scale."""

    name: Literal["fixed"] = "fixed"
    scale: float = setting(32.0, gt=0, doc="logit scale s")

    def now(
        self, columns: Columns, labels_B: Tensor, own_B: Tensor, batch: Batch, state: Any
    ) -> Tensor:
        """s."""
        return own_B.new_full((), self.scale)

    def current(self, state: Any) -> float:
        """s."""
        return self.scale
