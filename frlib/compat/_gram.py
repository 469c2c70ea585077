"""Wᵀ W over the directions of all class centres, wherever they lie.

Shapes: R centres of this worker, D dimensions, b rows.
"""

import torch
from torch import Tensor

from frlib.heads._unit import directions
from frlib.heads.head import Head
from frlib.parallel.collectives import replicated_sum, summed_gradient


def gram(head: Head, like_bD: Tensor) -> Tensor:
    """`[D, D]`, on the device and in the type of `like_bD`.

    The left factor has a gradient, unless classes are sampled. Every worker goes on to a loss of
    its own, of which the mean counts: centres that are shared out take the mean of what all workers
    ask of them, centres that all hold alike what their own worker does.
    """
    weight_RD = head.weight.to(torch.promote_types(head.weight.dtype, torch.float32))
    if head.config.sample_rate < 1:
        weight_RD = weight_RD.detach()
    unit_RD = directions(weight_RD)
    own_DD = (unit_RD.t() @ unit_RD.detach()).to(like_bD)
    group = head.shard.group
    if group.size == 1:
        return own_DD
    # The gradient of a sum over the workers would be that of their number times the mean.
    level_DD = own_DD / group.size + (own_DD * (1 - 1 / group.size)).detach()
    return summed_gradient(replicated_sum(level_DD, group), group)
