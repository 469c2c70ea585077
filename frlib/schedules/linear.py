"""A straight line from the base rate down to its end, after an optional linear warm-up.

With i the 0-based optimiser step, T the run's steps and w those of the warm-up:

    factor(i) = i / w                                       0 < i < w   (1 / w at i = 0)
    factor(i) = f + (1 - f) * (T - i) / (T - w)             w <= i <= T
    factor(i) = f                                           i > T

f is `final_ratio`. With f = 0 this is `poly` with power 1, and ExpFace's linear rule.
"""

from typing import Literal

from frlib.core.paper import Paper
from frlib.schedules._anneal import Annealed, annealed

PAPER = Paper(
    key="li2020budgeted",
    title="Linear",
    where="the linear schedule, down to 0 at the end of the budget",
    url="https://arxiv.org/abs/1905.04753",
)


class Config(Annealed):
    """Where the rate ends, and the warm-up before the decay."""

    name: Literal["linear"] = "linear"


def factor(step: int, total_steps: int, steps_per_epoch: int, config: Config) -> float:
    """Factor of the base rate for 0-based optimiser step `step`; in [0, 1].

    `ConfigError` if the warm-up is as long as the run.
    """
    return annealed(step, total_steps, steps_per_epoch, config, _line)


def _line(left: float) -> float:
    return left
