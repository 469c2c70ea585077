"""Starting values of class centres: the same for any number of workers."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from frlib.heads.slots import InitRule

BLOCK = 1 << 16
"""Rows drawn at once; a multiple of 16, which torch draws normal numbers by."""


def draw(
    rows: int,
    dim: int,
    rule: InitRule,
    generator: torch.Generator,
    first: int = 0,
    count: int | None = None,
) -> Tensor:
    """`[rows, dim]` float32, on the CPU; or `count` rows of it from `first` on.

    normal: N(0, 0.01²). xavier: fans are rows and dim. kaiming_normal: N(0, 2/dim). unit: uniform
    in [−1, 1], then brought to length 1. Only directions count in the loss, but shorter rows turn
    faster: the turn of an SGD step goes with 1/length².

    All rows are drawn whichever are wanted, a block at a time: no more than the wanted ones and a
    block is ever held.
    """
    last = rows if count is None else first + count
    kept = torch.empty(last - first, dim)
    for start, end in _blocks(rows):
        block = _filled(torch.empty(end - start, dim), rows, dim, rule, generator)
        low, high = max(start, first), min(end, last)
        if low < high:
            kept[low - first : high - first] = block[low - start : high - start]
    return kept


def _blocks(rows: int) -> Iterator[tuple[int, int]]:
    """The last one is longer than the others: a short one would be drawn in another way."""
    starts = range(0, max(rows - BLOCK, 1), BLOCK)
    for start in starts:
        yield start, rows if start == starts[-1] else start + BLOCK


def _filled(
    block: Tensor, rows: int, dim: int, rule: InitRule, generator: torch.Generator
) -> Tensor:
    xavier = math.sqrt(2.0 / (rows + dim))
    if rule == "normal":
        return block.normal_(0.0, 0.01, generator=generator)
    if rule == "xavier_uniform":
        bound = math.sqrt(3.0) * xavier
        return block.uniform_(-bound, bound, generator=generator)
    if rule == "xavier_normal":
        return block.normal_(0.0, xavier, generator=generator)
    if rule == "kaiming_normal":
        return block.normal_(0.0, math.sqrt(2.0) / math.sqrt(dim), generator=generator)
    return nn.functional.normalize(block.uniform_(-1.0, 1.0, generator=generator))
