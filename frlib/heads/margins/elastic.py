"""A margin drawn anew for every sample and step (ElasticFace): m_b ~ N(m, std²).

`kind = "arc"` adds it to the angle (no fallback, as in the source), "cos" subtracts it. `plus`
(ElasticFace+) gives small margins to large target cosines, rank by rank over the global batch; the
released code indexes the sorted margins by the sorting permutation instead of its inverse, which
scrambles them and is not repeated. Draws depend on (seed, step, size of
the global batch, sample's place in it).

Sources: Boutros et al., ElasticFace, CVPRW 2022, arXiv 2109.09416, equations 7 to 10; ElasticFace
repository (fdbtrs), utils/losses.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from frlib.core.config import setting
from frlib.heads.slots import Margin, Margined

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch


_FURTHEST = 9.0  # standard deviations; no normal number made of 53 random bits lies further out


class Config(Margin):
    """Mean and spread of the margin."""

    name: Literal["elastic"] = "elastic"
    kind: Literal["arc", "cos"] = setting("arc", doc="added to the angle, or to the cosine")
    margin: float = setting(0.5, ge=0, le=1.5, doc="mean m; radian for arc, cosine for cos")
    std: float = setting(0.05, ge=0, le=0.5, doc="standard deviation; same unit as the mean")
    plus: bool = setting(False, doc="small margins for large cosines")

    @property
    def rises(self) -> bool:
        """The cosine form."""
        return self.kind == "cos"

    @property
    def rises_where_positive(self) -> bool:
        """The cosine form, and the angular one while every draw lies between 0 and π/2."""
        widest = _FURTHEST * self.std
        return self.rises or widest <= self.margin <= math.pi / 2 - widest

    def amounts(self, batch: Batch, own_B: Tensor, labels_B: Tensor, state: Any) -> Tensor:
        """Margins of the samples, `[B]`."""
        drawn_N = self.margin + self.std * batch.normal("elastic").to(own_B.dtype)
        if self.plus:
            rank_N = batch.data.all_gather(own_B).argsort(descending=True, stable=True).argsort()
            drawn_N = drawn_N.sort().values[rank_N]
        return batch.mine(drawn_N)

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        """The formula."""
        from frlib.heads._angle import phi

        assert amounts is not None
        value = phi(cos, amounts) if self.kind == "arc" else cos - amounts
        return Margined(value, value)
