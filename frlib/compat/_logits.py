"""What a head's classifier says of embeddings with margin and scale, without a step of it.

Shapes: B rows of all workers, D dimensions, C classes of the run.
"""

import copy

import torch
from torch import Tensor

from frlib.heads.head import Head
from frlib.parallel.collectives import SINGLE


@torch.no_grad()
def logits(head: Head, emb_BD: Tensor, labels_B: Tensor, *, epoch: int, step: int) -> Tensor:
    """`[B, C]` of all classes, wherever their centres lie. Every worker calls it with the same.

    Those of the reference form, in evaluation: nothing of the head moves. A zero row has zeros.
    """
    looked_at = copy.copy(head)
    looked_at.config = head.config.model_copy(update={"form": "reference"})
    looked_at.data, looked_at.training = SINGLE, False
    own_BC = looked_at.forward(emb_BD, labels_B, epoch=epoch, step=step).logits_BC
    assert own_BC is not None, "the reference form has logits"
    shard = head.shard
    every_BC = own_BC.new_zeros(len(emb_BD), shard.num_classes)
    every_BC[:, shard.first : shard.first + shard.count] = own_BC
    has_direction_B = (emb_BD != 0).any(1)
    return shard.group.sum(every_BC) * has_direction_B[:, None]
