"""Margin that adapts to image quality, read from the embedding's length (AdaFace).

    n = clip(|x|, 0.001, 100), without gradient;  z = clip(h·(n − μ)/(σ + 0.001), −1, 1)
    target = cos(clip(θ − m·z, ε, π − ε)) − (m + m·z)

μ, σ are moving averages (rate `ema_rate`) of the batch's mean and unbiased standard deviation, from
20 and 100, moved before use, in training mode only, over the whole global batch; of a batch of one
only μ moves. ε = 0.001 also bounds the cosine: past it there is no gradient. CVLface's variant has
no ε and slope 1: `edge = 0`, `margin_grad = "detached"`. The original also bounds all negatives by
1 − ε, which is not repeated.

Sources: Kim et al., AdaFace, CVPR 2022, arXiv 2204.00964, equations 11 to 17; AdaFace repository
(mk-minchul), head.py; CVLface, head/adaface.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from frlib.core.config import setting
from frlib.heads.slots import Margin, Margined, MarginGrad, Number

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch


class Config(Margin):
    """Margin, concentration of lengths, and the averages' rate."""

    name: Literal["adaptive"] = "adaptive"
    margin: float = setting(0.4, ge=0, le=1.5, doc="margin m", unit="radian and cosine")
    concentration: float = setting(0.333, ge=0, doc="h: how far lengths spread z")
    ema_rate: float = setting(0.01, ge=0, le=1, doc="weight of a new batch", unit="1/step")
    edge: float = setting(0.001, ge=0, le=0.1, doc="ε, bounds cosine and angle", unit="radian")
    margin_grad: MarginGrad = setting("exact", doc="slope of the margin, or slope 1")

    def state(self, num_classes: int) -> Mapping[str, Number]:
        """`mean`, `std` of embedding lengths."""
        return {"mean": Number(20.0), "std": Number(100.0)}

    @property
    def rises(self) -> bool:
        """If the angle is bounded; without bounds it turns where θ − m·z leaves [0, π]."""
        return self.edge > 0

    def observe(self, batch: Batch, state: Any) -> None:
        """Move the averages."""
        every_B = batch.data.all_gather(self._lengths(batch))
        state.mean.lerp_(every_B.mean().to(state.mean.dtype), self.ema_rate)
        if len(every_B) > 1:
            state.std.lerp_(every_B.std().to(state.std.dtype), self.ema_rate)

    def amounts(self, batch: Batch, own_B: Tensor, labels_B: Tensor, state: Any) -> Tensor:
        """z, `[B]`, from −1 to 1."""
        spread = (self._lengths(batch) - state.mean) / (state.std + 0.001)
        return (self.concentration * spread).clamp(-1.0, 1.0)

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        """The formula."""
        from frlib.heads._angle import phi, straight_through

        assert amounts is not None
        turn = -self.margin * amounts
        if self.edge > 0:
            bounded = cos.clamp(-1 + self.edge, 1 - self.edge)
            value = (bounded.acos() + turn).clamp(self.edge, math.pi - self.edge).cos()
        else:
            value = phi(cos, turn)
        value = straight_through(cos, value - (self.margin - turn), self.margin_grad)
        return Margined(value, value)

    def _lengths(self, batch: Batch) -> Tensor:
        return batch.norms_B.detach().clamp(0.001, 100.0)
