"""Where rules that stop arms compare them, and whether the metric is measured there."""

from frlib import pruning
from frlib.core import discover
from frlib.train.config import TrainConfig


def unmeasured(rule: pruning.Pruning, config: TrainConfig) -> tuple[int, ...]:
    """Epochs after which a rule compares arms of a cell, but none of them has a new value."""
    rungs: tuple[int, ...] = discover.load("frlib.pruning", rule.name).measured_at(
        rule, config.epochs
    )
    return tuple(
        rung for rung in rungs if rung % config.select_every and rung not in (1, config.epochs)
    )
