"""Polynomial decay to zero after a linear warm-up.

With i the 0-based optimiser step, T the run's steps and w those of the warm-up:

    factor(i) = i / w                           0 < i < w
    factor(i) = ((T - i) / (T - w)) ** p        w <= i <= T
    factor(i) = 0                               i > T

Known readings, all of them reachable:

* insightface (`recognition/arcface_torch/lr_scheduler.py`, used with p = 1) spends step 0 at the
  full base rate even while warming up and drops to 1 / w for step 1: `first="full"`. Here step 0
  gets 1 / w by default (`first="ramp"`); nothing else differs. Its decay is a product of ratios of
  consecutive steps that starts from the base rate, so its one config with a warm-up of -1 epochs
  runs exactly as with 0.
* MixBCT warms up from zero, so its first step moves nothing, and decays with p = 2 where its README
  says linear: `power=2, first="zero"`. Past T its formula would rise again; here it stays at zero.
* ExpFace's linear rule is `power=1` without warm-up; so is `linear`, which may end above zero.
"""

from typing import Literal

from frlib.core.config import Config as _Config
from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.schedules._warmup import First, rising, warmup_steps

PAPER = Paper(
    key="insightface",
    title="Polynomial",
    where="recognition/arcface_torch/lr_scheduler.py, PolynomialLRWarmup",
    url="https://github.com/deepinsight/insightface",
)


class Config(_Config):
    """Shape of the decay and of the warm-up before it."""

    name: Literal["poly"] = "poly"
    power: float = setting(1.0, gt=0, doc="exponent p of the decay; 1 is linear")
    warmup_epochs: float = setting(0.0, ge=0, doc="length of the linear warm-up", unit="epochs")
    first: First = setting(
        "ramp",
        doc="rate of step 0 when warming up: ramp 1/w, zero 0, full the base rate",
        source="insightface: full; MixBCT: zero",
    )


def factor(step: int, total_steps: int, steps_per_epoch: int, config: Config) -> float:
    """Factor of the base rate for 0-based optimiser step `step`; in [0, 1].

    `ConfigError` if the warm-up is as long as the run.
    """
    warm = warmup_steps(config.warmup_epochs, steps_per_epoch, total_steps)
    if step < warm:
        return rising(step, warm, config.first)
    left = max(0, total_steps - step) / (total_steps - warm)
    return float(left**config.power)
