"""The base rate throughout, after an optional linear warm-up.

With i the 0-based optimiser step and w those of the warm-up:

    factor(i) = i / w           0 < i < w   (1 / w at i = 0)
    factor(i) = 1               i >= w
"""

from typing import Literal

from frlib.core.config import Config as _Config
from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.schedules._warmup import First, rising, warmup_steps

PAPER = Paper(
    key="goyal2017accurate",
    title="Constant",
    where="section 2.2, gradual warm-up",
    url="https://arxiv.org/abs/1706.02677",
)


class Config(_Config):
    """The warm-up, if there is one."""

    name: Literal["constant"] = "constant"
    warmup_epochs: float = setting(0.0, ge=0, doc="length of the linear warm-up", unit="epochs")
    first: First = setting(
        "ramp", doc="rate of step 0 when warming up: ramp 1/w, zero 0, full the base rate"
    )


def factor(step: int, total_steps: int, steps_per_epoch: int, config: Config) -> float:
    """Factor of the base rate for 0-based optimiser step `step`; in [0, 1].

    `ConfigError` if the warm-up is as long as the run.
    """
    warm = warmup_steps(config.warmup_epochs, steps_per_epoch, total_steps)
    return rising(step, warm, config.first) if step < warm else 1.0
