"""What a method does while a run trains.

Shapes: b rows of this worker in a pass, B rows of all workers, D dimensions of the new embedding,
d dimensions in which old and new are compared, C classes of the run.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from frlib.compat._method import Method, Need
from frlib.heads.head import Head
from frlib.parallel.collectives import Group


@dataclass(frozen=True, eq=False)
class Side:
    """What is known of the old side when a run begins. CPU tensors, the same on every worker.

    dim: d. batch_size: B of a step (of all its pieces). epochs: of the run. made: by need, what
    `frlib.stages.old_summary` says: `means` -> `[C, d]` of length 1 or zero; `classifier` ->
    `[C, d]` of length 1 or zero; `radius` -> `centre` `[C, d]`, `radius` `[C]`, `count` `[C]`
    (0: a class without old features), under these three names. seed: of the replicate.
    """

    num_classes: int
    dim: int
    batch_size: int
    epochs: int
    seed: int
    made: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Seen:
    """b rows of this worker, of a pass over B.

    emb_bD: new embeddings as the backbone gives them, float32 or wider, differentiable. unit_bd:
    new embeddings in the d dimensions both are compared in, of length 1, differentiable. old_bd:
    old features of the same images there, of length 1, or zero for an image without a direction;
    no gradient. old_bD: the same at the size of the new embedding, where the method replaces rows.
    labels_b: given labels. credible_b: bool; all true where the method needs no mask. first: place
    of the first row in the pass; total: B. step: number of the pass over the run. epoch: from 0.
    progress: share of the training that is done, 0 to 1. group: the workers that hold the other
    rows. head: of the run; its centres lie on this worker, or are shared out (`head.shard`).
    """

    emb_bD: Tensor
    unit_bd: Tensor
    old_bd: Tensor
    old_bD: Tensor | None
    labels_b: Tensor
    credible_b: Tensor
    first: int
    total: int
    seed: int
    step: int
    epoch: int
    progress: float
    group: Group
    head: Head

    def mean(self, values_b: Tensor, counts_b: Tensor | None = None) -> Tensor:
        """`[]`, whose mean over the workers is the mean of the values over the whole pass.

        counts_b: bool, the rows that count; over no row the mean is 0, with a gradient of 0. Every
        worker calls this. Workers hold equal shares.
        """
        if counts_b is None:
            return values_b.mean()
        number = self.group.sum(counts_b.sum()).clamp(min=1)
        return torch.where(counts_b, values_b, 0.0).sum() * self.group.size / number


@dataclass(frozen=True, eq=False)
class Block:
    """All images of some classes, on every worker. new_nD, old_nd: raw, as the models give them.

    labels_n: given labels, ascending.
    """

    labels_n: Tensor
    new_nD: Tensor
    old_nd: Tensor


class Term(nn.Module):
    """Base of what `build` returns. Parameters are trained, buffers are in checkpoints.

    Gradients of parameters are averaged over workers, and every worker holds the same. Buffers have
    to come out the same on every worker.
    """

    def replaced(self, seen: Seen) -> Tensor:
        """`[b, D]` that the head is given instead of `seen.emb_bD`."""
        return seen.emb_bD

    def forward(self, seen: Seen) -> dict[str, Tensor]:
        """Name -> a part of the loss, weighted, `[]`; the value is the mean over the workers.

        Empty where the method only replaces rows.
        """
        return {}

    def renew(self, blocks: Iterable[Block], epoch: int) -> None:
        """Take in the features of all images, block by block, before an epoch of `renewed_at`."""
        raise NotImplementedError(f"{type(self).__name__} renews nothing")

    def counts(self) -> dict[str, Tensor]:
        """Name -> `[]`, what happened since the run began; for its curves."""
        return {}


__all__ = ["Block", "Method", "Need", "Seen", "Side", "Term"]
