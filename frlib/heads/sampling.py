"""Which classes take part in a step (partial class sampling, Partial FC).

The classes of the batch's labels always do; random others fill up to ⌊rate·C⌋ (at least two, and
more if the labels are more). Every class draws a number from a stream of (seed, step), and the
largest are taken: so the choice does not depend on how classes are spread over workers. The
insightface original fills each worker's share by itself, so that its choice depends on the count.

Source: An et al., Killing Two Birds with One Stone, CVPR 2022, arXiv 2203.15565; insightface,
recognition/arcface_torch/partial_fc_v2.py.
"""

import torch
from torch import Tensor

from frlib.core.seeds import torch_seed
from frlib.heads.shard import Shard


def sampled(positives_n: Tensor, rate: float, shard: Shard, *, seed: int, step: int) -> Tensor:
    """`[C]`: this worker's part of the classes of a step, sorted global numbers."""
    generator = torch.Generator().manual_seed(torch_seed(seed, "head", "classes", step))
    score = torch.rand(shard.num_classes, generator=generator)
    score[positives_n.cpu()] = 2.0
    wanted = max(2, int(rate * shard.num_classes), int((score > 1).sum()))
    chosen = score.topk(wanted).indices.sort().values
    is_here = (chosen >= shard.first) & (chosen < shard.first + shard.count)
    return chosen[is_here].to(positives_n.device)
