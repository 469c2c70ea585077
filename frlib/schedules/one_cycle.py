"""One cycle: the rate rises to the base rate and falls far below where it began.

With T the run's steps, r `rise_ratio`, a `start_ratio`, f `final_ratio`, the factor goes through
these points, at steps that need not be whole, and stays at the last one:

    two phases:    a at 0,  1 at r * T - 1,  f at T - 1
    three phases:  a at 0,  1 at r * T - 1,  a at 2 * r * T - 2,  f at T - 1

Between a point (i0, u) and the next one (i1, v), with x = (i - i0) / (i1 - i0):

    linear:  u + (v - u) * x
    cosine:  v + (u - v) / 2 * (1 + cos(pi * x))

* These are the rates of torch's OneCycleLR with `max_lr` the base rate. Its `pct_start` is r, its
  `div_factor` 1 / a and its `final_div_factor` a / f; by default it has two cosine phases.
* Smith and Topin describe three linear phases; rise and fall are equally long.
* Both also let the momentum fall while the rate rises, and rise while it falls. That is not done
  here: the momentum stays as `optimiser.momentum` says (in torch: `cycle_momentum=False`).
* With r * T < 1 there is no rise: step 0 is on the way down. With r > 0.5, the run ends before the
  third phase.
"""

import math
from itertools import pairwise
from typing import Literal

from frlib.core.config import Config as _Config
from frlib.core.config import setting
from frlib.core.paper import Paper

_TORCH = "torch.optim.lr_scheduler.OneCycleLR"
PAPER = Paper(
    key="smith2018superconvergence",
    title="One cycle",
    where=f"the 1cycle policy; defaults as in {_TORCH}",
    url="https://arxiv.org/abs/1708.07120",
)


class Config(_Config):
    """The points of the cycle and the way between them; the base rate is the highest one."""

    name: Literal["one_cycle"] = "one_cycle"
    rise_ratio: float = setting(
        0.3,
        ge=0,
        le=1,
        doc="length of the rise as a part of the run",
        source=f"{_TORCH}: pct_start",
    )
    start_ratio: float = setting(
        0.04,
        gt=0,
        le=1,
        doc="first rate as a part of the base rate",
        source=f"{_TORCH}: 1 / div_factor",
    )
    final_ratio: float = setting(
        4e-6,
        ge=0,
        le=1,
        doc="last rate as a part of the base rate",
        source=f"{_TORCH}: 1 / (div_factor * final_div_factor)",
    )
    anneal: Literal["cosine", "linear"] = setting(
        "cosine", doc="the way from point to point", source=f"{_TORCH}: anneal_strategy"
    )
    phases: Literal[2, 3] = setting(
        2,
        doc="3: from the peak back to the first rate in the time of the rise, then on",
        unit="phases",
        source=f"{_TORCH}: three_phase",
    )


def factor(step: int, total_steps: int, steps_per_epoch: int, config: Config) -> float:
    """Factor of the base rate for 0-based optimiser step `step`; in [0, 1].

    The length of an epoch has no influence.
    """
    at = min(step, total_steps - 1)
    ways = pairwise(_points(total_steps, config))
    (first, start), (last, end) = next(way for way in ways if at <= way[1][0])
    done = (at - first) / (last - first) if last > first else 1.0
    if config.anneal == "linear":
        return start + (end - start) * done
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def _points(total_steps: int, config: Config) -> list[tuple[float, float]]:
    """Steps and factors where the direction may change."""
    rise = config.rise_ratio * total_steps
    points = [(0.0, config.start_ratio), (rise - 1, 1.0)]
    if config.phases == 3:
        points.append((2 * rise - 2, config.start_ratio))
    return [*points, (total_steps - 1.0, config.final_ratio)]
