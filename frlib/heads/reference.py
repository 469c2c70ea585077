"""Columns in plain autograd, to be read: whole `[B, C]` tensors, nothing in place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn.functional import linear, softplus

from frlib.heads import _unit
from frlib.heads._bounded import bounded
from frlib.heads.columns import (
    Answer,
    Columns,
    Question,
    best_of,
    joined_log_sum,
    joined_sum,
    safe_log_sum,
    wide,
)
from frlib.heads.survey import Local, joined


class Reference(Columns):
    """Cosines with a gradient. `logits_BC`: once answered, the negatives' logits."""

    def _fill(self) -> None:
        weight_RD, centres = self.weight_RD, self.similarity.centres_per_class
        if self.similarity.normalised:
            weight_RD = _unit.directions(weight_RD)
        cos_BR = linear(self.emb_BD.to(self.dtype), weight_RD.to(self.dtype)).to(wide(self.emb_BD))
        every_BCK = cos_BR.unflatten(1, (len(self.classes_C), centres))
        self.cos_BC = every_BCK.max(dim=2).values if centres > 1 else cos_BR
        self.logits_BC: Tensor | None = None

    def answer(self, question: Question, offset: Tensor | None) -> Answer:
        """See `Columns`."""
        z_BC = question.logits(self.cos_BC, slice(None))
        z_BC = self.put(z_BC, question.labels_B, torch.full_like(z_BC[:, :1].sum(1), -torch.inf))
        if question.reduction == "logsumexp":
            negatives_B = joined_log_sum(safe_log_sum(z_BC), self.shard)
        else:
            moved_BC = z_BC if offset is None else z_BC + offset
            bits_BC = softplus(bounded(moved_BC, question.scale), threshold=50)
            bits_BC = torch.where(torch.isneginf(z_BC), 0.0, bits_BC)
            negatives_B = joined_sum(bits_BC.sum(1), self.shard)
        self.logits_BC = z_BC
        picks = tuple(self._pick(self.cos_BC, cls_B, known_B) for cls_B, known_B in question.picks)
        others = tuple(self._found(z_BC, cls_B) for cls_B in question.others)
        return Answer(picks, negatives_B, others, self._top(z_BC) if question.want_top else None)

    def put(self, values_BC: Tensor, labels_B: Tensor, new_B: Tensor) -> Tensor:
        """A copy with the label's column, if it is here, replaced. Differentiable."""
        if not len(self.classes_C):
            return values_BC
        column_B, inside_B = self.place(labels_B)
        old_B = values_BC.gather(1, column_B[:, None]).squeeze(1)
        return values_BC.scatter(1, column_B[:, None], torch.where(inside_B, new_B, old_B)[:, None])

    def logits(self, labels_B: Tensor, target_B: Tensor) -> Tensor | None:
        """See `Columns`."""
        assert self.logits_BC is not None, "logits come with the answer"
        return self.put(self.logits_BC, labels_B, target_B)

    def blocks(self) -> Iterator[slice]:
        """All rows at once."""
        yield slice(0, len(self.cos_BC))

    @contextmanager
    def _without(self, labels_B: Tensor) -> Iterator[Tensor]:
        cos_BC = self.cos_BC.detach()
        yield self.put(cos_BC, labels_B, torch.full_like(labels_B, -torch.inf, dtype=cos_BC.dtype))

    def _pick(self, values_BC: Tensor, classes_B: Tensor, known_B: Tensor) -> Tensor:
        if not len(self.classes_C):
            return known_B
        column_B, inside_B = self.place(classes_B)
        mine_B = values_BC.gather(1, column_B[:, None]).squeeze(1)
        exact_B = mine_B + (known_B - mine_B).detach()
        return torch.where(inside_B, exact_B, known_B)

    def _found(self, values_BC: Tensor, classes_B: Tensor) -> Tensor:
        mine_B = torch.full_like(classes_B, -torch.inf, dtype=values_BC.dtype)
        if len(self.classes_C):
            column_B, inside_B = self.place(classes_B)
            held_B = values_BC.detach().gather(1, column_B[:, None]).squeeze(1)
            mine_B = torch.where(inside_B, held_B, mine_B)
        return self._pick(values_BC, classes_B, self.shard.group.max(mine_B))

    def _top(self, z_BC: Tensor) -> Tensor:
        best, classes = best_of(z_BC.detach(), self.classes_C, 1)
        none_B = torch.full_like(best[0], -torch.inf)
        found = joined(Local(none_B, best, classes), classes[0], self.shard.group)
        return self._pick(z_BC, found.first_class_B, found.first_B)
