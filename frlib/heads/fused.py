"""Columns whose gradient is built in the one `[B, C]` buffer that held the cosines.

Forward: a product fills the buffer; blocks of rows that stay in cache turn cosines c into e·f'(c),
with e = exp(s·f(c) − top), or the sigmoid of the softplus reduction, and f the negatives' bend.
Backward: rows are scaled, the few picked columns added, and two products give the gradients.
Nothing else of the buffer's size is kept: the peak is the buffer and the weight's gradient. With K
centres per class there is a buffer over all centres besides, and a byte for each winner.

There is no normalised copy of the weight (but a narrow one, if logits are narrow): columns are
multiplied by 1/|w_j|, and the projection dw = (dŵ − ⟨ŵ, dŵ⟩ŵ)/|w| is applied to blocks of its rows
while they are in cache.

The gradient is taken once: there are no second derivatives and no second backward pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import softplus

from frlib.core.errors import NumericsError
from frlib.heads import _unit
from frlib.heads._bounded import bounded
from frlib.heads.columns import (
    BLOCK,
    Answer,
    Columns,
    Question,
    best_of,
    joined_log_sum,
    joined_sum,
    wide,
)
from frlib.heads.survey import Local, joined

CLASS_BLOCK = 1 << 20


class Fused(Columns):
    """The buffer, and what it takes to turn its gradient into those of embeddings and weight."""

    @torch.no_grad()
    def _fill(self) -> None:
        self.version = self.weight_RD._version
        self.centres = self.similarity.centres_per_class
        self.winner_BC: Tensor | None = None
        self.inverse_R: Tensor | None = None
        if self.similarity.normalised:
            self.inverse_R = _unit.inverse(_unit.lengths(self.weight_RD))
        self.cos_BR = self.emb_BD.to(self.dtype) @ self.factors().t()
        if self.column_scale is not None:
            for rows in _blocks(self.cos_BR):
                self.cos_BR[rows] *= self.column_scale
        self.cos_BC = self.cos_BR if self.centres == 1 else self._nearest()

    @property
    def column_scale(self) -> Tensor | None:
        """`[R]` if directions are had by scaling columns of products, not rows of a narrow copy."""
        return self.inverse_R if self.dtype == self.weight_RD.dtype else None

    def factors(self) -> Tensor:
        """What enters the products `[R, D]`: the weight itself, or a narrow copy of directions."""
        if self.dtype == self.weight_RD.dtype:
            return self.weight_RD.detach()
        narrow_RD = torch.empty_like(self.weight_RD, dtype=self.dtype)
        for rows in _blocks(self.weight_RD, CLASS_BLOCK):
            block = self.weight_RD[rows]
            narrow_RD[rows] = (
                block if self.inverse_R is None else block * self.inverse_R[rows, None]
            )
        return narrow_RD

    def answer(self, question: Question, offset: Tensor | None) -> Answer:
        """See `Columns`."""
        work = _Work(self, question)
        negatives_B, *found = _Answer.apply(self.emb_BD, self.weight_RD, offset, work)
        top_B = found.pop() if question.want_top else None
        picks = len(question.picks)
        return Answer(tuple(found[:picks]), negatives_B, tuple(found[picks:]), top_B)

    @contextmanager
    def _without(self, labels_B: Tensor) -> Iterator[Tensor]:
        if not len(self.classes_C):
            yield self.cos_BC
            return
        column_B, inside_B = self.place(labels_B)
        held_B = self.cos_BC.gather(1, column_B[:, None])
        hidden_B = held_B.masked_fill(inside_B[:, None], -torch.inf)
        self.cos_BC.scatter_(1, column_B[:, None], hidden_B)
        try:
            yield self.cos_BC
        finally:
            self.cos_BC.scatter_(1, column_B[:, None], held_B)

    def _nearest(self) -> Tensor:
        count, classes = len(self.cos_BR), len(self.classes_C)
        cos_BC = self.cos_BR.new_empty(count, classes)
        self.winner_BC = torch.zeros(count, classes, dtype=torch.uint8, device=cos_BC.device)
        for rows in _blocks(self.cos_BR):
            every_bCK = self.cos_BR[rows].unflatten(1, (classes, self.centres))
            best_bC, winner_bC = cos_BC[rows], self.winner_BC[rows]
            best_bC.copy_(every_bCK[:, :, 0])
            for k in range(1, self.centres):
                winner_bC.masked_fill_(every_bCK[:, :, k] > best_bC, k)
                torch.maximum(best_bC, every_bCK[:, :, k], out=best_bC)
        return cos_BC


class _Work:
    """One question: fills the buffer going forward, empties it going backward."""

    def __init__(self, columns: Fused, question: Question) -> None:
        self.columns, self.question = columns, question
        count = len(columns.cos_BC)
        kind, device = wide(columns.cos_BC), columns.cos_BC.device
        self.total_B = torch.zeros(count, dtype=kind, device=device)
        self.shift_B = torch.zeros(count, dtype=kind, device=device)
        self.bits_B = torch.zeros(count, dtype=kind, device=device)
        self.picks = [columns.place(classes_B) for classes_B, _ in question.picks]
        self.others = [columns.place(classes_B) for classes_B in question.others]
        self.values = [torch.full_like(self.total_B, -torch.inf) for _ in question.others]
        self.slopes = [torch.ones_like(self.total_B) for _ in question.others]
        self.top: list[tuple[Tensor, Tensor]] = []
        self.top_slope_B = torch.ones_like(self.total_B)
        self.is_spent = False

    def fill(self, offset: Tensor | None) -> tuple[Tensor, ...]:
        """Reduce the cosines, leaving the reduction's unnormalised slope in their place."""
        columns, question = self.columns, self.question
        column_B, inside_B = columns.place(question.labels_B)
        for rows in columns.blocks() if len(columns.classes_C) else ():
            self._fill_block(rows, column_B[rows, None], inside_B[rows, None], offset)
        if question.reduction == "logsumexp":
            is_any_B = self.total_B > 0
            log_B = torch.where(is_any_B, self.total_B, 1.0).log() + self.shift_B
            negatives_B = joined_log_sum(torch.where(is_any_B, log_B, -torch.inf), columns.shard)
            is_none_B = torch.isneginf(negatives_B)
            self.factor_B = torch.where(is_none_B, 0.0, (self.shift_B - negatives_B).exp())
        else:
            negatives_B = joined_sum(self.total_B, columns.shard)
            self.factor_B = torch.ones_like(negatives_B)
        picks = [known_B.clone() for _, known_B in question.picks]
        others = [columns.shard.group.max(value_B) for value_B in self.values]
        return negatives_B, *picks, *others, *self._joined_top()

    def _fill_block(
        self, rows: slice, column_b1: Tensor, inside_b1: Tensor, offset: Tensor | None
    ) -> None:
        question, buffer_bC = self.question, self.columns.cos_BC[rows]
        cos_bC = buffer_bC.to(self.total_B.dtype)
        slope_bC = None
        if question.negatives.is_plain:
            z_bC = cos_bC.mul_(question.scale)
        else:
            bent_bC, slope_bC = question.negatives.bent(cos_bC, *question.rows_of(rows))
            z_bC = bent_bC * question.scale
        own_b1 = z_bC.gather(1, column_b1)
        z_bC.scatter_(1, column_b1, own_b1.masked_fill(inside_b1, -torch.inf))
        self._read(rows, z_bC, slope_bC)
        if question.reduction == "logsumexp":
            top_b = z_bC.amax(1)
            self.shift_B[rows] = top_b = torch.where(torch.isneginf(top_b), 0.0, top_b)
            slope_z_bC = z_bC.sub_(top_b[:, None]).exp_()
            self.total_B[rows] = slope_z_bC.sum(1)
        else:
            moved_bC = z_bC if offset is None else z_bC + offset
            is_inside_bC = moved_bC.abs() < question.scale
            bits_bC = softplus(bounded(moved_bC, question.scale), threshold=50)
            is_other_bC = ~torch.isneginf(z_bC)
            self.total_B[rows] = torch.where(is_other_bC, bits_bC, 0.0).sum(1)
            slope_z_bC = torch.where(is_inside_bC & is_other_bC, moved_bC.sigmoid(), 0.0)
            self.bits_B[rows] = slope_z_bC.sum(1)
        if slope_bC is not None:
            slope_z_bC = slope_z_bC.mul_(slope_bC)
            held_b1 = slope_z_bC.gather(1, column_b1)
            slope_z_bC.scatter_(1, column_b1, held_b1.masked_fill(inside_b1, 0.0))
        is_in_place = slope_bC is None and question.reduction == "logsumexp"
        if not is_in_place or buffer_bC.dtype != slope_z_bC.dtype:
            buffer_bC.copy_(slope_z_bC)

    def _read(self, rows: slice, z_bC: Tensor, slope_bC: Tensor | None) -> None:
        """Single logits asked for, before the block is overwritten."""
        for place, value_B, slope_B in zip(self.others, self.values, self.slopes, strict=True):
            column_b1, inside_b1 = place[0][rows, None], place[1][rows, None]
            value_b1 = z_bC.gather(1, column_b1).masked_fill(~inside_b1, -torch.inf)
            value_B[rows] = value_b1.squeeze(1)
            if slope_bC is not None:
                slope_B[rows] = slope_bC.gather(1, column_b1).squeeze(1)
        if self.question.want_top:
            best, classes = best_of(z_bC, self.columns.classes_C, 1)
            self.top.append((best, classes))
            if slope_bC is not None:
                column_b, _ = self.columns.place(classes[0])
                self.top_slope_B[rows] = slope_bC.gather(1, column_b[:, None]).squeeze(1)

    def _joined_top(self) -> tuple[Tensor, ...]:
        if not self.question.want_top:
            return ()
        none = torch.full_like(self.total_B, -torch.inf)
        if not self.top:
            self.top = [best_of(self.columns.cos_BC, self.columns.classes_C, 1)]
        best, classes = (torch.cat(parts, 1) for parts in zip(*self.top, strict=True))
        local = Local(none, best, classes)
        found = joined(local, self.question.labels_B, self.columns.shard.group)
        self.others = [*self.others, self.columns.place(found.first_class_B)]
        self.slopes = [*self.slopes, self.top_slope_B]
        return (found.first_B,)

    def empty(self, grads_B: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Gradients of embeddings and weight from those of the answer; the buffer is used up."""
        columns, question = self.columns, self.question
        scale = question.scale
        factor_B = grads_B[0] * self.factor_B * scale
        picks = len(question.picks)
        added = [(place, grad_B) for place, grad_B in zip(self.picks, grads_B[1:], strict=False)]
        for place, slope_B, grad_B in zip(
            self.others, self.slopes, grads_B[1 + picks :], strict=True
        ):
            added.append((place, grad_B * slope_B * scale))
        for rows in columns.blocks():
            grad_bC = columns.cos_BC[rows]
            grad_bC.mul_(factor_B[rows, None])
            for (column_B, inside_B), extra_B in added:
                extra_b = torch.where(inside_B[rows], extra_B[rows], 0.0).to(grad_bC.dtype)
                grad_bC.scatter_add_(1, column_B[rows, None], extra_b[:, None])
            self._spread(rows)
        emb_grad = (columns.cos_BR @ columns.factors()).to(columns.emb_BD.dtype)
        return emb_grad, self._weight_gradient()

    def _spread(self, rows: slice) -> None:
        """From classes to their winning centres, and through the lengths of the weight's rows."""
        columns = self.columns
        if columns.winner_BC is not None:
            grad_bC, winner_bC = columns.cos_BC[rows], columns.winner_BC[rows]
            every_bCK = columns.cos_BR[rows].unflatten(1, (grad_bC.shape[1], columns.centres))
            for k in range(columns.centres):
                torch.mul(grad_bC, winner_bC == k, out=every_bCK[:, :, k])
        if columns.column_scale is not None:
            columns.cos_BR[rows] *= columns.column_scale

    def _weight_gradient(self) -> Tensor:
        columns = self.columns
        weight_RD, inverse_R = columns.weight_RD, columns.inverse_R
        grad_BR, emb_BD = columns.cos_BR, columns.emb_BD.to(columns.dtype)
        grad_RD = torch.empty_like(weight_RD)
        scratch_rD = torch.empty_like(weight_RD[: max(1, CLASS_BLOCK // weight_RD.shape[1])])
        for rows in _blocks(weight_RD, CLASS_BLOCK):
            grad_rD = grad_RD[rows]
            if columns.dtype == grad_RD.dtype:
                torch.mm(grad_BR[:, rows].t(), emb_BD, out=grad_rD)
            else:
                grad_rD.copy_(grad_BR[:, rows].t() @ emb_BD)
            if inverse_R is None:
                continue
            if columns.column_scale is None:
                grad_rD *= inverse_R[rows, None]
            along_r = torch.mul(weight_RD[rows], grad_rD, out=scratch_rD[: len(grad_rD)]).sum(1)
            grad_rD.addcmul_(weight_RD[rows], (-along_r * inverse_R[rows].square())[:, None])
        return grad_RD


class _Answer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, emb_BD: Tensor, weight_RD: Tensor, offset: Tensor | None, work: _Work
    ) -> tuple[Tensor, ...]:
        ctx.work, ctx.has_offset = work, offset is not None
        return work.fill(offset)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads_B: Tensor) -> tuple[Tensor | None, ...]:
        work: _Work = ctx.work
        if work.is_spent:
            raise NumericsError(
                "the fused form gives its gradient once; for a second backward pass use "
                "head.form='reference'"
            )
        if work.columns.weight_RD._version != work.columns.version:
            raise NumericsError(
                "the class centres were changed in place between forward and backward; step the "
                "optimiser after the backward pass"
            )
        work.is_spent = True
        offset_grad = (grads_B[0] * work.bits_B).sum() if ctx.has_offset else None
        if not len(work.columns.classes_C):
            columns = work.columns
            none = torch.zeros_like(columns.emb_BD), torch.zeros_like(columns.weight_RD)
            return *none, offset_grad, None
        return *work.empty(grads_B), offset_grad, None


def _blocks(values: Tensor, limit: int = BLOCK) -> Iterator[slice]:
    count, width = values.shape
    step = max(1, limit // max(width, 1))
    return (slice(at, min(at + step, count)) for at in range(0, count, step))
