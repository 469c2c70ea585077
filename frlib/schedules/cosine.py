"""Half a cosine from the base rate down to zero, after an optional linear warm-up.

With i the 0-based optimiser step, T the run's steps and w those of the warm-up:

    factor(i) = i / w                                                   0 < i < w   (1 / w at i = 0)
    factor(i) = f + (1 - f) / 2 * (1 + cos(pi * (i - w) / (T - w)))     w <= i <= T
    factor(i) = f                                                       i > T

f is `final_ratio`. ExpFace as released anneals without warm-up to f = 0. Past T the plain formula
would rise again; here it stays at f.
"""

import math
from typing import Literal

from frlib.core.config import Config as _Config
from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.schedules._warmup import First, rising, warmup_steps

PAPER = Paper(
    key="loshchilov2017sgdr",
    title="Cosine",
    where="eq. 5, one cycle without restarts",
    url="https://arxiv.org/abs/1608.03983",
)


class Config(_Config):
    """Where the rate ends, and the warm-up before the decay."""

    name: Literal["cosine"] = "cosine"
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
    done = min(1.0, (step - warm) / (total_steps - warm))
    return config.final_ratio + (1 - config.final_ratio) * (1 + math.cos(math.pi * done)) / 2
