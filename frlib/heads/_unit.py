"""Directions of vectors. An all-zero vector has no direction: it becomes zeros, with slope zero."""

import torch
from torch import Tensor

SMALLEST = 1e-12


def inverse(norms: Tensor) -> Tensor:
    """1/n, and 0 where n is too small to say anything; the slope is 0 there."""
    is_long = norms > SMALLEST
    return torch.where(is_long, 1.0 / torch.where(is_long, norms, 1.0), 0.0)


def lengths(rows_ND: Tensor) -> Tensor:
    """`[N]` Euclidean lengths; the slope at an all-zero row is 0."""
    return torch.linalg.vector_norm(rows_ND, dim=1)


def directions(rows_ND: Tensor) -> Tensor:
    """`[N, D]` rows of length 1, or 0."""
    return rows_ND * inverse(lengths(rows_ND))[:, None]
