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

from frlib.core.paper import Paper
from frlib.schedules._anneal import Annealed, annealed

PAPER = Paper(
    key="loshchilov2017sgdr",
    title="Cosine",
    where="eq. 5, one cycle without restarts",
    url="https://arxiv.org/abs/1608.03983",
)


class Config(Annealed):
    """Where the rate ends, and the warm-up before the decay."""

    name: Literal["cosine"] = "cosine"


def factor(step: int, total_steps: int, steps_per_epoch: int, config: Config) -> float:
    """Factor of the base rate for 0-based optimiser step `step`; in [0, 1].

    `ConfigError` if the warm-up is as long as the run.
    """
    return annealed(step, total_steps, steps_per_epoch, config, _half_wave)


def _half_wave(left: float) -> float:
    return (1 - math.cos(math.pi * left)) / 2
