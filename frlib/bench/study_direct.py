"""Runs without an engine: called in turn in one process, or each in a process of its own.

A new process imports what training needs, and nothing of Ray.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from frlib.bench import cpu
from frlib.train import replicate
from frlib.train.config import TrainConfig
from frlib.train.place import here


@dataclass(frozen=True, kw_only=True)
class Order:
    """One run: config in plain JSON, the arm's name, the store with its data, its records."""

    config: Mapping[str, Any]
    arm: str
    store: Path
    records: Path


@dataclass(frozen=True, kw_only=True)
class Direct:
    """CPU seconds of each run of those that were timed; final metrics by arm, of all."""

    seconds: tuple[float, ...]
    finals: Mapping[str, Mapping[str, float]]


def in_turn(orders: Sequence[Order], warm: int) -> Direct:
    """All in this process; the first `warm` are not timed."""
    seconds, finals = [], {}
    for number, order in enumerate(orders):
        began = cpu.tree_s()
        finals[order.arm] = one(order)
        if number >= warm:
            seconds.append(cpu.tree_s() - began)
    return Direct(seconds=tuple(seconds), finals=finals)


def one(order: Order) -> dict[str, float]:
    """One run here, with one thread; its final metrics."""
    torch.set_num_threads(1)
    return replicate.run(
        TrainConfig.parse(dict(order.config)),
        replicate.Ticket(order.store, "bench", order.arm, 0, records=order.records),
        here(use_gpu=False),
        lambda row: None,
    )
