"""Questions to all classes at once: the `[B, C]` cosines of a batch and what may be asked of them.

Everything a slot wants from all classes goes through here, so that slots are written once and work
for classes held densely, spread over workers (`shard`), and sampled (`classes_C`). Answers are
`[B]`, the same on every worker. Those of this file are without gradients; `reference.py` and
`fused.py` add the differentiable ones.

B batch, b a block of rows, C columns here, K centres per class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor

from frlib.heads._unit import directions
from frlib.heads.shard import Shard
from frlib.heads.slots import Negatives, Reduction, Similarity
from frlib.heads.survey import NOWHERE, Local, Survey, joined

BLOCK = 1 << 18
TILE = 64


@dataclass(frozen=True)
class Question:
    """What a step wants to know with gradients.

    labels_B: classes trained on; all others are negatives. picks: (class, value) pairs `[B]` of
    plain cosines whose values are known. rows: constants of the negatives' bend. others: classes
    whose logits, bent like negatives, are wanted; want_top: and the largest one of all.
    """

    labels_B: Tensor
    picks: tuple[tuple[Tensor, Tensor], ...]
    negatives: Negatives
    rows: tuple[Tensor, ...]
    scale: Tensor
    reduction: Reduction
    others: tuple[Tensor, ...] = ()
    want_top: bool = False

    def logits(self, cos_bC: Tensor, rows: slice) -> Tensor:
        """Logits of negatives, of a block of rows."""
        return self.scale * self.negatives.bend(cos_bC, *self.rows_of(rows))

    def rows_of(self, rows: slice) -> tuple[Tensor, ...]:
        """The bend's constants for a block of rows, `[b, 1]` or `[]`."""
        return tuple(row[rows, None] if row.dim() else row for row in self.rows)


@dataclass(frozen=True)
class Answer:
    """Differentiable, `[B]` each: plain cosines as picked, the reduction, logits as asked for."""

    picks: tuple[Tensor, ...]
    negatives_B: Tensor
    others: tuple[Tensor, ...]
    top_B: Tensor | None


class Columns(ABC):
    """`cos_BC`: cosines (or inner products) to the classes of `classes_C`, sorted global numbers.

    `is_whole`: `classes_C` are all classes of the shard.
    """

    cos_BC: Tensor

    def __init__(
        self,
        emb_BD: Tensor,
        weight_RD: Tensor,
        similarity: Similarity,
        shard: Shard,
        classes_C: Tensor,
        is_whole: bool,
        logits: torch.dtype,
    ) -> None:
        """`emb_BD`: directions if the similarity is normalised. `logits`: type of the product."""
        self.emb_BD, self.weight_RD, self.similarity = emb_BD, weight_RD, similarity
        self.dtype = logits
        self.shard = shard
        self.classes_C = classes_C
        self.is_whole = is_whole
        self._fill()

    @abstractmethod
    def _fill(self) -> None:
        """Set `cos_BC`."""

    @abstractmethod
    def answer(self, question: Question, offset: Tensor | None) -> Answer:
        """Ends the use of these columns. Differentiable in embeddings, weight and `offset`."""

    def logits(self, labels_B: Tensor, target_B: Tensor) -> Tensor | None:
        """`[B, C]` after margin and scale, where the form has them (once it has answered)."""
        return None

    @abstractmethod
    def _without(self, labels_B: Tensor) -> AbstractContextManager[Tensor]:
        """The cosines, detached, with −inf in the label's column."""

    def place(self, labels_B: Tensor) -> tuple[Tensor, Tensor]:
        """Column of each class `[B]`, and whether it is here; any column where it is not."""
        if not len(self.classes_C):
            return torch.zeros_like(labels_B), torch.zeros_like(labels_B, dtype=torch.bool)
        if self.is_whole:
            column_B = labels_B - self.shard.first
            inside_B = (column_B >= 0) & (column_B < len(self.classes_C))
            return column_B.clamp(0, len(self.classes_C) - 1), inside_B
        column_B = torch.searchsorted(self.classes_C, labels_B)
        column_B = column_B.clamp(max=len(self.classes_C) - 1)
        return column_B, self.classes_C[column_B] == labels_B

    def at(self, labels_B: Tensor) -> Tensor:
        """`[B]`: cosine of each class; −inf where it takes no part."""
        return self.shard.group.max(self._own(labels_B))

    def survey(self, labels_B: Tensor, *, depth: int = 1) -> Survey:
        """Own value and the `depth` nearest other classes."""
        return joined(self.local(labels_B, depth), labels_B, self.shard.group)

    def survey_by(self, labels_B: Tensor, key: Callable[[Tensor, slice], Tensor]) -> Survey:
        """Like `survey`, with other classes ranked and valued by `key(cosines [b, C], rows)`."""
        return joined(self.local_by(labels_B, key), labels_B, self.shard.group)

    def local(self, labels_B: Tensor, depth: int) -> Local:
        """The survey's part of this worker."""
        with self._without(labels_B) as others_BC:
            found = [best_of(others_BC[rows], self.classes_C, depth) for rows in self.blocks()]
        return self._local(labels_B, found)

    def local_by(self, labels_B: Tensor, key: Callable[[Tensor, slice], Tensor]) -> Local:
        """This worker's part of the survey by a key."""
        found = []
        with self._without(labels_B) as others_BC:
            for rows in self.blocks():
                is_own_bC = torch.isneginf(others_BC[rows])
                value_bC = key(torch.where(is_own_bC, 0.0, others_BC[rows]), rows)
                value_bC = torch.where(is_own_bC, -torch.inf, value_bC)
                found.append(best_of(value_bC, self.classes_C, 1))
        return self._local(labels_B, found)

    def mean_above(self, labels_B: Tensor, threshold_B: Tensor) -> Tensor:
        """`[B]`: mean of the other classes' cosines above a threshold; 0 where there is none."""
        sums = torch.zeros(2, len(labels_B), dtype=threshold_B.dtype, device=threshold_B.device)
        with self._without(labels_B) as others_BC:
            for rows in self.blocks():
                others_bC = others_BC[rows].to(sums.dtype)
                is_above_bC = others_bC > threshold_B[rows, None]
                sums[0, rows] = torch.where(is_above_bC, others_bC, 0.0).sum(1)
                sums[1, rows] = is_above_bC.sum(1)
        total_B, count_B = self.shard.group.sum(sums)
        return total_B / count_B.clamp(min=1)

    def log_sum_exp(self, labels_B: Tensor, scale: Tensor) -> Tensor:
        """`[B]`: log Σ_{j≠y} exp(scale · c_j)."""
        with self._without(labels_B) as others_BC:
            kind = wide(others_BC)
            parts = [safe_log_sum(scale * others_BC[rows].to(kind)) for rows in self.blocks()]
        return joined_log_sum(torch.cat(parts), self.shard)

    def blocks(self) -> Iterator[slice]:
        """Blocks of rows small enough to stay in cache."""
        count, width = self.cos_BC.shape
        step = max(1, BLOCK // max(width, 1))
        return (slice(at, min(at + step, count)) for at in range(0, count, step))

    def _local(self, labels_B: Tensor, found: list[tuple[Tensor, Tensor]]) -> Local:
        best_kB, class_kB = (torch.cat(parts, 1) for parts in zip(*found, strict=True))
        return Local(self._own(labels_B), best_kB, class_kB)

    def _own(self, labels_B: Tensor) -> Tensor:
        if not len(self.classes_C):
            return torch.full_like(labels_B, -torch.inf, dtype=wide(self.emb_BD))
        column_B, inside_B = self.place(labels_B)
        if self.dtype == wide(self.emb_BD):
            own_B = self.cos_BC.detach().gather(1, column_B[:, None]).squeeze(1)
        else:
            own_B = self._exact(column_B)
        return torch.where(inside_B, own_B, -torch.inf)

    @torch.no_grad()
    def _exact(self, column_B: Tensor) -> Tensor:
        """`[B]`: the cosine in a column of each row, in full precision while logits are narrow."""
        centres = self.similarity.centres_per_class
        rows_BK = column_B[:, None] * centres + torch.arange(centres, device=column_B.device)
        rows_ND = self.weight_RD[rows_BK.flatten()]
        if self.similarity.normalised:
            rows_ND = directions(rows_ND)
        each_BKD = rows_ND.unflatten(0, (-1, centres))
        return (each_BKD @ self.emb_BD[:, :, None]).squeeze(2).amax(1)


def wide(values: Tensor) -> torch.dtype:
    """The type numbers of a sample have: float64 stays, everything else is float32."""
    return torch.float64 if values.dtype == torch.float64 else torch.float32


def joined_log_sum(local_B: Tensor, shard: Shard) -> Tensor:
    """log Σ exp over workers. The gradient reaches this worker's own part."""
    if shard.group.size == 1:
        return local_B
    return torch.logsumexp(_stacked(local_B, shard), 0)


def joined_sum(local_B: Tensor, shard: Shard) -> Tensor:
    """Σ over workers. The gradient reaches this worker's own part."""
    return local_B if shard.group.size == 1 else _stacked(local_B, shard).sum(0)


def _stacked(local_B: Tensor, shard: Shard) -> Tensor:
    every = list(shard.group.all_gather(local_B[None]).unbind(0))
    every[shard.group.rank] = local_B
    return torch.stack(every)


def best_of(values_bC: Tensor, classes_C: Tensor, depth: int) -> tuple[Tensor, Tensor]:
    """The `depth` largest values and their classes, `[depth, b]`; the lower class first on ties.

    Maxima of tiles first, then the place within the best tile: a maximum without its place is
    several times faster than one with it.
    """
    count, width = values_bC.shape
    if not width:
        none = torch.full((depth, count), -torch.inf, dtype=wide(values_bC))
        none = none.to(values_bC.device)
        return none, torch.full_like(none, NOWHERE, dtype=torch.int64)
    full = width // TILE * TILE
    tops = [values_bC[:, :full].unflatten(1, (-1, TILE)).amax(2)] if full else []
    tops += [values_bC[:, full:].amax(1, keepdim=True)] if full < width else []
    top_bT, tile_k = torch.cat(tops, 1), torch.arange(TILE, device=values_bC.device)
    values: list[Tensor] = []
    columns: list[Tensor] = []
    for _ in range(depth):
        best_b1 = top_bT.argmax(1, keepdim=True)
        column_bk = best_b1 * TILE + tile_k
        is_out_bk = column_bk >= width
        for found_b in columns:
            is_out_bk = is_out_bk | (column_bk == found_b[:, None])
        inside_bk = values_bC.gather(1, column_bk.clamp(max=width - 1))
        inside_bk = inside_bk.masked_fill(is_out_bk, -torch.inf)
        value_b, place_b = inside_bk.max(1)
        values.append(value_b)
        columns.append(column_bk.gather(1, place_b[:, None]).squeeze(1).clamp(max=width - 1))
        rest_bk = inside_bk.scatter(1, place_b[:, None], -torch.inf)
        top_bT = top_bT.scatter(1, best_b1, rest_bk.amax(1, keepdim=True))
    best = torch.stack(values).to(wide(values_bC))
    return best, torch.where(torch.isneginf(best), NOWHERE, classes_C[torch.stack(columns)])


def safe_log_sum(values_bC: Tensor) -> Tensor:
    """log Σ exp of each row; −inf, with slope 0, for a row of −inf or without columns."""
    if not values_bC.shape[1]:
        return values_bC.sum(1) - torch.inf
    top_b = values_bC.detach().amax(1)
    top_b = torch.where(torch.isneginf(top_b), 0.0, top_b)
    total_b = (values_bC - top_b[:, None]).exp().sum(1)
    is_any_b = total_b > 0
    return torch.where(is_any_b, torch.where(is_any_b, total_b, 1.0).log() + top_b, -torch.inf)
