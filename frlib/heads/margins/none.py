"""No margin: NormFace on cosines, the plain softmax on inner products."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from frlib.heads.slots import Margin, Margined

if TYPE_CHECKING:
    from torch import Tensor


class Config(Margin):
    """Nothing to set."""

    is_angular: ClassVar[bool] = False
    name: Literal["none"] = "none"

    @property
    def rises(self) -> bool:
        """It does."""
        return True

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        """The cosines themselves."""
        return Margined(cos, cos)
