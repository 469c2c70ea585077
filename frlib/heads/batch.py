"""One batch as the slots see it, besides its cosines."""

from dataclasses import dataclass

import torch
from torch import Tensor

from frlib.core.seeds import torch_seed
from frlib.heads.shard import Shard
from frlib.parallel.collectives import Group, replicated_sum


@dataclass(frozen=True)
class Batch:
    """B samples of this worker.

    emb_BD: raw embeddings; norms_B: their lengths; both differentiable. given_B: labels as given.
    samples_B: numbers of the training images, where the caller has them. shard: the classes of this
    worker. data: the data-parallel workers, which hold the other parts of the global batch.
    """

    emb_BD: Tensor
    norms_B: Tensor
    given_B: Tensor
    samples_B: Tensor | None
    epoch: int
    step: int
    seed: int
    is_training: bool
    shard: Shard
    data: Group

    def normal(self, name: str) -> Tensor:
        """`[N]` standard normal numbers of this step, N samples of the global batch."""
        drawn = torch.randn(self._size(), generator=self._generator(name))
        return drawn.to(self.given_B.device)

    def integers(self, name: str, high: int) -> Tensor:
        """`[N]` whole numbers from 0 to high − 1, drawn like `normal`."""
        drawn = torch.randint(high, (self._size(),), generator=self._generator(name))
        return drawn.to(self.given_B.device)

    def mine(self, global_N: Tensor) -> Tensor:
        """This worker's part `[B]` of numbers of the global batch."""
        count = len(self.given_B)
        return global_N[self.data.rank * count :][:count]

    def of_labels(self, per_class_C: Tensor, labels_B: Tensor) -> Tensor:
        """`[B]`: the entry of each label, whoever holds it. Differentiable."""
        column_B = labels_B - self.shard.first
        inside_B = (column_B >= 0) & (column_B < self.shard.count)
        mine_B = per_class_C[column_B.clamp(0, self.shard.count - 1)]
        return replicated_sum(torch.where(inside_B, mine_B, 0.0), self.shard.group)

    def _size(self) -> int:
        return self.data.size * len(self.given_B)

    def _generator(self, name: str) -> torch.Generator:
        return torch.Generator().manual_seed(torch_seed(self.seed, "head", name, self.step))
