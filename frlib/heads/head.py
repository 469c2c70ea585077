"""A head: embeddings and labels in, loss and decisions out. It executes a composition of slots.

    similarity → relabel → margin on the target → negatives → scale → objective + terms

B batch, D embedding, C classes of this worker, R = C · centres per class.
"""

import torch
from torch import Tensor, nn

from frlib.core.errors import ConfigError
from frlib.heads._draw import draw
from frlib.heads._shard import Shard
from frlib.heads.output import Decisions, HeadOutput
from frlib.heads.slots import Slots
from frlib.parallel.collectives import SINGLE, Group

__all__ = ["Decisions", "Head", "HeadOutput"]


class Head(nn.Module):
    """Class centres `weight` `[R, D]` (centre k of class c: row c·K + k) and the slots' own state.

    `generator` draws the centres. `data` are the data-parallel workers, over which statistics are
    averaged. `classes` are workers that share out the classes: they all pass the same batch,
    return the same loss and decisions and their own columns of the logits, and their embedding
    gradients add up to the whole one.
    """

    def __init__(
        self,
        slots: Slots,
        num_classes: int,
        dim: int,
        *,
        generator: torch.Generator,
        classes: Group = SINGLE,
        data: Group = SINGLE,
    ) -> None:
        super().__init__()
        if num_classes < 2 or num_classes < classes.size:
            raise ConfigError(
                f"a head over {num_classes} classes on {classes.size} class workers: at least 2 "
                "classes, and one per worker, are needed. Use more identities or fewer workers"
            )
        self.scale = slots.scale
        self.shard = Shard.of(num_classes, classes)
        self.data = data
        self.similarity = slots.similarity.build()
        self.margin = slots.margin.build()
        self.negatives = slots.negatives.build()
        self.relabel = slots.relabel.build()
        self.objective = slots.objective.build()
        self.term_names = tuple(config.term for config in slots.terms)
        for config in slots.terms:
            setattr(self, f"term_{config.term}", config.build())
        centres = slots.similarity.centres_per_class
        whole_RD = draw(num_classes * centres, dim, slots.similarity.init, generator)
        first = self.shard.first * centres
        self.weight = nn.Parameter(whole_RD[first : first + self.shard.count * centres].clone())

    def forward(self, emb_BD: Tensor, labels_B: Tensor, *, epoch: int) -> HeadOutput:
        """Loss of a batch. `epoch` counts from 0. Computed in float32 (float64 stays float64).

        emb_BD: `[B, D]` raw embeddings, any length. labels_B: `[B]` int64, global class numbers.
        """
        with torch.autocast(emb_BD.device.type, enabled=False):
            return self._forward(_wide(emb_BD), _wide(self.weight), labels_B, epoch)

    def _forward(
        self, emb_BD: Tensor, weight_RD: Tensor, given_B: Tensor, epoch: int
    ) -> HeadOutput:
        shard = self.shard
        cos_BC = self.similarity(emb_BD, weight_RD)
        labels_B, decisions = self.relabel(cos_BC, given_B, self.margin, shard, epoch=epoch)
        own_B = shard.at(cos_BC, labels_B)
        margined = self.margin(own_B)
        others_BC, target_B = self.negatives(cos_BC, own_B, margined, self.data)
        logits_BC = self.scale * shard.put(others_BC, labels_B, target_B)
        ce = self.objective(logits_BC, labels_B, shard)
        extra = {
            name: getattr(self, f"term_{name}")(cos_BC, labels_B, margined, shard, epoch=epoch)
            for name in self.term_names
        }
        loss = ce + sum(extra.values()) if extra else ce
        return HeadOutput(loss, ce, extra, logits_BC, labels_B, decisions)


def _wide(values: Tensor) -> Tensor:
    return values if values.dtype == torch.float64 else values.float()
