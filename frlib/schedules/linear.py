"""A straight line from the base rate down to its end, after an optional linear warm-up.

With i the 0-based optimiser step, T the run's steps and w those of the warm-up:

    factor(i) = i / w                                       0 < i < w   (1 / w at i = 0)
    factor(i) = f + (1 - f) * (T - i) / (T - w)             w <= i <= T
    factor(i) = f                                           i > T

f is `final_ratio`. With f = 0 this is `poly` with power 1, and ExpFace's linear rule.
"""

from typing import Literal

from frlib.core.config import Config as _Config
from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.schedules._warmup import First, rising, warmup_steps

PAPER = Paper(
    key="li2020budgeted",
    title="Linear",
    where="the linear schedule, down to 0 at the end of the budget",
    url="https://arxiv.org/abs/1905.04753",
)


class Config(_Config):
    """Where the rate ends, and the warm-up before the decay."""

    name: Literal["linear"] = "linear"
    final_ratio: float = setting(0.0, ge=0, le=1, doc="last rate as a part of the base rate")
    warmup_epochs: float = setting(0.0, ge=0, doc="length of the linear warm-up", unit="epochs")
    first: First = setting(
        "ramp", doc="rate of step 0 when warming up: ramp 1/w, zero 0, full the base rate"
    )


def factor(step: int, total_steps: int, steps_per_epoch: int, config: Config) -> float:
    """Factor of the base rate for 0-based optimiser step `step`; in [0, 1].

    `ConfigError` if the warm-up is as long as the run.
    """
    warm = warmup_steps(config.warmup_epochs, steps_per_epoch, total_steps)
    if step < warm:
        return rising(step, warm, config.first)
    left = max(0, total_steps - step) / (total_steps - warm)
    return config.final_ratio + (1 - config.final_ratio) * left
