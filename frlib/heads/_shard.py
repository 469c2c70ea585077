"""The classes one worker holds: `first .. first + count - 1`, of classes spread over a group.

Labels are global class numbers everywhere. On one worker every operation is the plain one.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from frlib.parallel.collectives import Group, replicated_sum


@dataclass(frozen=True)
class Shard:
    """A contiguous range of classes of this worker."""

    group: Group
    first: int
    count: int

    @classmethod
    def of(cls, num_classes: int, group: Group) -> "Shard":
        """This worker's even share; the first workers take the remainder."""
        share, rest = divmod(num_classes, group.size)
        first = group.rank * share + min(group.rank, rest)
        return cls(group, first, share + (group.rank < rest))

    def at(self, values_BC: Tensor, labels_B: Tensor) -> Tensor:
        """`[B]`: the value in the column of each label, whoever holds it. Differentiable."""
        column_B, inside_B = self._local(labels_B)
        mine_B = values_BC.gather(1, column_B[:, None]).squeeze(1)
        if self.group.size == 1:
            return mine_B
        return replicated_sum(torch.where(inside_B, mine_B, 0.0), self.group)

    def put(self, values_BC: Tensor, labels_B: Tensor, new_B: Tensor) -> Tensor:
        """A copy with each label's column, if held here, replaced by `new_B`. Differentiable."""
        column_B, inside_B = self._local(labels_B)
        if self.group.size > 1:
            old_B = values_BC.gather(1, column_B[:, None]).squeeze(1)
            new_B = torch.where(inside_B, new_B, old_B)
        return values_BC.scatter(1, column_B[:, None], new_B[:, None])

    def hardest(self, values_BC: Tensor, labels_B: Tensor) -> tuple[Tensor, Tensor]:
        """Largest value outside the label's column `[B]` (differentiable) and its class `[B]`.

        Of equal values the lowest class number is taken.
        """
        with torch.no_grad():
            floor_B = torch.full_like(values_BC[:, 0], -torch.inf)
            best_B, column_B = self.put(values_BC, labels_B, floor_B).max(dim=1)
            index_B = column_B + self.first
            if self.group.size > 1:
                is_top_B = best_B == self.group.max(best_B)
                last = torch.iinfo(index_B.dtype).max
                index_B = -self.group.max(-torch.where(is_top_B, index_B, last))
        return self.at(values_BC, index_B), index_B

    def _local(self, labels_B: Tensor) -> tuple[Tensor, Tensor]:
        column_B = labels_B - self.first
        if self.group.size == 1:
            return column_B, torch.ones_like(column_B, dtype=torch.bool)
        inside_B = (column_B >= 0) & (column_B < self.count)
        return column_B.clamp(0, self.count - 1), inside_B
