"""Softmax cross-entropy, the mean over the batch: log Σ_j exp z_j − z_y.

The true value is returned: the cap at −log 1e−30 of insightface's distributed version is not
repeated.
"""

from torch import Tensor
from torch.nn.functional import cross_entropy

from frlib.core.config import Config as Base
from frlib.heads._shard import Shard
from frlib.heads.slots import Objective
from frlib.parallel.collectives import replicated_sum


class Config(Base):
    """Nothing to set."""

    def build(self) -> Objective:
        """The function below."""
        return mean_cross_entropy


def mean_cross_entropy(logits_BC: Tensor, labels_B: Tensor, shard: Shard) -> Tensor:
    """Scalar. With classes spread over workers every worker returns the whole value."""
    if shard.group.size == 1:
        return cross_entropy(logits_BC, labels_B)
    shift_B = shard.group.max(logits_BC.detach().amax(dim=1))
    total_B = replicated_sum((logits_BC - shift_B[:, None]).exp().sum(dim=1), shard.group)
    return (total_B.log() + shift_B - shard.at(logits_BC, labels_B)).mean()
