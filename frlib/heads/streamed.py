"""A survey over all classes that never holds their cosines: blocks of classes, one at a time.

For detection over all classes while only some are trained on, and for decisions in full precision
while logits are narrow. Without gradients.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from frlib.heads.columns import Columns
from frlib.heads.reference import Reference
from frlib.heads.shard import Shard
from frlib.heads.slots import Similarity
from frlib.heads.survey import Local, Survey, joined, merged

CLASSES = 1 << 13


class Streamed:
    """Stands in for `Columns` where only surveys are asked for."""

    def __init__(
        self, emb_BD: Tensor, weight_RD: Tensor, similarity: Similarity, shard: Shard
    ) -> None:
        """`emb_BD`: directions where the similarity is normalised; `weight_RD`: all rows here."""
        self.emb_BD, self.weight_RD = emb_BD.detach(), weight_RD.detach()
        self.similarity, self.shard = similarity, shard

    def survey(self, labels_B: Tensor, *, depth: int = 1) -> Survey:
        """See `Columns.survey`."""
        return self._joined(labels_B, lambda block: block.local(labels_B, depth))

    def survey_by(self, labels_B: Tensor, key: Callable[[Tensor, slice], Tensor]) -> Survey:
        """See `Columns.survey_by`."""
        return self._joined(labels_B, lambda block: block.local_by(labels_B, key))

    def _joined(self, labels_B: Tensor, look: Callable[[Columns], Local]) -> Survey:
        with torch.no_grad():
            found = merged(look(block) for block in self._blocks())
        return joined(found, labels_B, self.shard.group)

    def _blocks(self) -> Iterator[Columns]:
        shard, centres = self.shard, self.similarity.centres_per_class
        for first in range(0, shard.count, CLASSES):
            count = min(CLASSES, shard.count - first)
            part = Shard(shard.group, shard.first + first, count, shard.num_classes)
            rows_RD = self.weight_RD[first * centres : (first + count) * centres]
            rows_RD = rows_RD.to(self.emb_BD.device)
            classes_C = torch.arange(part.first, part.first + count, device=rows_RD.device)
            dtype = self.emb_BD.dtype
            yield Reference(self.emb_BD, rows_RD, self.similarity, part, classes_C, True, dtype)
