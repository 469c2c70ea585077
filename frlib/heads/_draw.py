"""Starting values of class centres: the same for any number of workers."""

import torch
from torch import Tensor, nn

from frlib.heads.slots import InitRule


def draw(rows: int, dim: int, rule: InitRule, generator: torch.Generator) -> Tensor:
    """`[rows, dim]` float32, on the CPU. normal: N(0, 0.01²). xavier: fans are rows and dim."""
    weight = torch.empty(rows, dim)
    if rule == "normal":
        return weight.normal_(0.0, 0.01, generator=generator)
    if rule == "xavier_uniform":
        return nn.init.xavier_uniform_(weight, generator=generator)
    return nn.init.xavier_normal_(weight, generator=generator)
