"""The computation of `l2` and `weakened_l2`, and the distance with a slope that is always finite.

Shapes as in `_term`.
"""

import torch
from torch import Tensor

from frlib.compat._term import Seen, Term

SMALLEST = 1e-12
"""Of a squared distance; below, the distance is 0."""


class Near(Term):
    """weight · mean_i max(0, |o_i − f_i| − radius), or its square."""

    def __init__(self, weight: float, radius: float, *, squared: bool) -> None:
        super().__init__()
        self.weight, self.radius, self.squared = weight, radius, squared

    def forward(self, seen: Seen) -> dict[str, Tensor]:
        """`l2`."""
        beyond_b = (distances(seen.unit_bd, seen.old_bd) - self.radius).clamp(min=0)
        return {"l2": self.weight * seen.mean(beyond_b.square() if self.squared else beyond_b)}


def distances(one_bd: Tensor, other_bd: Tensor) -> Tensor:
    """`[b]` Euclidean distances of rows; 0, with slope 0, below 1e-6."""
    square_b = (one_bd - other_bd).square().sum(1)
    is_apart_b = square_b > SMALLEST
    return torch.where(is_apart_b, torch.where(is_apart_b, square_b, 1.0).sqrt(), 0.0)
