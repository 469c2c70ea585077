"""Multi-step decay: the rate falls by a fixed factor at every milestone.

    factor(i) = gamma ** (number of milestones m with i >= m)          i: 0-based optimiser step

A milestone is counted in epochs (epoch e begins at step e * steps_per_epoch, to the nearest step),
in optimiser steps, or some of each. A milestone given twice decays twice.

Sources count differently, and the difference is in the milestones and not in the rule:

* CurricularFace (10, 18, 22 of 24 epochs), MagFace, AdaFace, UniFace and BoundaryFace's distributed
  script number epochs from 0, as here.
* BoundaryFace's single-process script numbers them from 1 and steps its scheduler before the epoch:
  its 6, 12, 19 are 5, 11, 18 here. Resuming that script decays a second time; a factor that depends
  on the step alone cannot.
* ElasticFace decays once its 0-based epoch reaches m - 1: subtract one from its milestones.
* MXNet trainers count iterations and decay after iteration k, which is `milestones_steps` as here.
  Unequal scales them by 512 / batch size and cuts to whole numbers before it uses them.
"""

from typing import Annotated, Literal

from pydantic import Field

from frlib.core.config import Config as _Config
from frlib.core.config import setting
from frlib.core.paper import Paper

PAPER = Paper(
    key="huang2020curricularface",
    title="Multi-step",
    where="section 4.1: 0.1 at the start, a tenth at epochs 10, 18 and 22 of 24",
    url="https://arxiv.org/abs/2004.00288",
)


class Config(_Config):
    """When the rate decays, and by how much."""

    name: Literal["multi_step"] = "multi_step"
    milestones_epochs: tuple[Annotated[float, Field(ge=0)], ...] = setting(
        (10, 18, 22), doc="decay when this many epochs are done", unit="epochs"
    )
    milestones_steps: tuple[Annotated[int, Field(ge=0)], ...] = setting(
        (), doc="decay when this many optimiser steps are done", unit="steps"
    )
    gamma: float = setting(0.1, gt=0, le=1, doc="factor of each decay")


def factor(step: int, total_steps: int, steps_per_epoch: int, config: Config) -> float:
    """Factor of the base rate for 0-based optimiser step `step`; `total_steps` has no influence."""
    by_epoch = sum(step >= round(m * steps_per_epoch) for m in config.milestones_epochs)
    by_step = sum(step >= m for m in config.milestones_steps)
    return config.gamma ** (by_epoch + by_step)
