"""Starting values of class centres: the same for any number of workers."""

import torch
from torch import Tensor, nn

from frlib.heads.slots import InitRule


def draw(rows: int, dim: int, rule: InitRule, generator: torch.Generator) -> Tensor:
    """`[rows, dim]` float32, on the CPU.

    normal: N(0, 0.01²). xavier: fans are rows and dim. kaiming_normal: N(0, 2/dim). unit: uniform
    in [−1, 1], then brought to length 1. Only directions count in the loss, but shorter rows turn
    faster: the turn of an SGD step goes with 1/length².
    """
    weight = torch.empty(rows, dim)
    if rule == "normal":
        return weight.normal_(0.0, 0.01, generator=generator)
    if rule == "xavier_uniform":
        return nn.init.xavier_uniform_(weight, generator=generator)
    if rule == "xavier_normal":
        return nn.init.xavier_normal_(weight, generator=generator)
    if rule == "kaiming_normal":
        return nn.init.kaiming_normal_(weight, generator=generator)
    return nn.functional.normalize(weight.uniform_(-1.0, 1.0, generator=generator))
