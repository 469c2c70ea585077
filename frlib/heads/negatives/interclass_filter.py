"""Negatives too near to be true are set to cosine 0: c_j → 0 where c_j > τ.

A negative that is very similar may be the same person under another label. It stays as one term of
the denominator, exp 0, and has no gradient. τ = 1 filters nothing (in the source 0 does).

Sources: insightface, recognition/arcface_torch/losses.py, interclass_filtering_threshold (0.4 in
the configs named filter04). In its sharded form a worker that does not hold the label filters all
its columns by the same rule, as here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from frlib.core.config import setting
from frlib.heads.slots import Negatives

if TYPE_CHECKING:
    from torch import Tensor


class Config(Negatives):
    """The threshold."""

    silences: ClassVar[bool] = True
    name: Literal["interclass_filter"] = "interclass_filter"
    threshold: float = setting(
        0.4, ge=0, le=1, doc="largest cosine τ of a negative that counts", unit="cosine"
    )

    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        """Near ones silenced."""
        return cos_bC.masked_fill(cos_bC.detach() > self.threshold, 0.0)

    def bent(self, cos_bC: Tensor, *rows: Tensor) -> tuple[Tensor, Tensor]:
        """Slope 0 where silenced, else 1."""
        counts_bC = (cos_bC <= self.threshold).to(cos_bC.dtype)
        return cos_bC * counts_bC, counts_bC
