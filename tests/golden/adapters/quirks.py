"""What published programs do and frlib does not repeat: slots for the golden files alone."""

import math
from typing import Any, ClassVar

import torch
from torch import Tensor

from frlib.heads.batch import Batch
from frlib.heads.margins import elastic, sphere
from frlib.heads.slots import Margined, Negatives


class Clamped(Negatives):
    """AdaFace clamps every cosine to ±(1 − eps), without gradient beyond; SphereFace-R as well,
    with slope 1."""

    name: str = "clamped"
    eps: float
    keeps_slope: bool = False

    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        bounded_bC = cos_bC.clamp(-1 + self.eps, 1 - self.eps)
        return cos_bC + (bounded_bC - cos_bC).detach() if self.keeps_slope else bounded_bC


class ClampedSphere(sphere.Config):
    """SphereFace-R takes the angle of a clamped cosine; here inner products of directions."""

    is_angular: ClassVar[bool] = False

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        bounded = cos.clamp(-1 + 1e-5, 1 - 1e-5).detach()
        value = super().apply(bounded, amounts).target.detach()
        value = cos + (value - cos).detach()
        return Margined(value, value)


class Drawn(elastic.Config):
    """ElasticFace with the margins of the file, matched as its code matches them in the plus form:
    by the sorting permutation itself, not by its inverse."""

    drawn: tuple[float, ...]

    def amounts(self, batch: Batch, own_B: Tensor, labels_B: Tensor, state: Any) -> Tensor:
        drawn_B = torch.tensor(self.drawn, dtype=own_B.dtype)
        if not self.plus:
            return drawn_B
        return drawn_B.sort().values[own_B.detach().argsort(descending=True)]


CAP = -math.log(1e-30)
"""insightface's distributed cross-entropy reports no sample's loss above this."""
