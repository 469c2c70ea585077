"""Layers several networks share."""

import torch
from torch import nn
from torch.nn import functional


class PReLU(nn.PReLU):
    """Parametric ReLU, one slope a channel: x where x > 0, a * x elsewhere.

    In bfloat16 it is computed as relu(x) - a * relu(-x): the same function, parameter and gradients
    (except at exactly x = 0, where the slope is 0 and not a), because the backward pass of the
    direct form is slow there on CPUs. In other types the direct form is the faster one.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """`[B, C, ...]` to the same shape and type."""
        if input.dtype is not torch.bfloat16:
            return super().forward(input)
        slope = self.weight.to(input.dtype).view(1, -1, *(1,) * (input.dim() - 2))
        return functional.relu(input) - slope * functional.relu(-input)


def fixed_scale_batchnorm(channels: int) -> nn.BatchNorm1d:
    """The last layer of an embedding: batch norm that learns an offset while its scale stays 1."""
    layer = nn.BatchNorm1d(channels)
    layer.weight.requires_grad_(False)
    return layer
