"""Adding an angle to the angle behind a cosine, with finite values and slopes at cos = ±1.

    phi(c) = cos(arccos c + m) = c·cos m − sqrt(1 − c²)·sin m

Rounding can push |c| past 1, and the slope of the square root is infinite at ±1. Both are avoided
by taking the square root only where 1 − c² > 0; elsewhere it is 0 with slope 0, which loses
nothing, because the gradient of a cosine with respect to its vectors vanishes there.
"""

import math

import torch
from torch import Tensor

from frlib.heads.slots import Fallback, MarginGrad


def sine(cos: Tensor) -> Tensor:
    """sin(arccos c) ≥ 0."""
    square = 1.0 - cos * cos
    inside = square > 0
    return torch.where(inside, torch.where(inside, square, 1.0).sqrt(), 0.0)


def angle(cos: Tensor) -> Tensor:
    """arccos c in radians, from 0 to π. At |c| = 1 the slope is taken as 0."""
    return torch.atan2(sine(cos), cos)


def phi(cos: Tensor, margin: Tensor | float) -> Tensor:
    """cos(arccos c + margin), margin in radians."""
    if isinstance(margin, Tensor):
        return cos * margin.cos() - sine(cos) * margin.sin()
    return cos * math.cos(margin) - sine(cos) * math.sin(margin)


def past_the_end(
    cos: Tensor,
    raw: Tensor,
    margin: Tensor | float,
    fallback: Fallback,
    fallback_margin: float = 0.0,
) -> Tensor:
    """`raw` = phi(cos, margin), replaced where adding the angle passes π.

    hard: c − m·sin m where c ≤ −cos m, so that the value keeps falling with the angle.
    easy: c where c ≤ 0. add: c − fallback_margin where c ≤ −cos m (rises there). none: `raw`.
    """
    if fallback == "none":
        return raw
    if fallback == "easy":
        return torch.where(cos > 0, raw, cos)
    sin_m: Tensor | float
    cos_m: Tensor | float
    if isinstance(margin, Tensor):
        sin_m, cos_m = margin.sin(), margin.cos()
    else:
        sin_m, cos_m = math.sin(margin), math.cos(margin)
    shift = margin * sin_m if fallback == "hard" else fallback_margin
    return torch.where(cos > -cos_m, raw, cos - shift)


def straight_through(cos: Tensor, value: Tensor, grad: MarginGrad) -> Tensor:
    """`value` with its own slope (exact), or with the slope of `cos` (detached)."""
    return value if grad == "exact" else cos + (value - cos).detach()
