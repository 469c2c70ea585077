"""Step decay: the rate falls by a fixed factor each time a period is over.

With i the 0-based optimiser step, T the run's steps and P those of a period:

    factor(i) = gamma ** floor(i / P)           0 <= i <= T
    factor(i) = factor(T)                       i > T

A period is counted in epochs (to the nearest step) or in optimiser steps. This is StepLR of torch
with `step_size` P, called after every step; past T that one goes on.
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from frlib.core.config import Config as _Config
from frlib.core.config import setting
from frlib.core.errors import ConfigError
from frlib.core.paper import Paper

PAPER = Paper(
    key="pytorch",
    title="Step",
    where="torch.optim.lr_scheduler.StepLR",
    url="https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html",
)


class Config(_Config):
    """How long a period is, and what its end does."""

    name: Literal["step"] = "step"
    every_epochs: float = setting(10.0, ge=0, doc="a period; 0: by every_steps", unit="epochs")
    every_steps: int = setting(0, ge=0, doc="a period; 0: by every_epochs", unit="steps")
    gamma: float = setting(0.1, gt=0, le=1, doc="factor of each decay")

    @model_validator(mode="after")
    def _one_period(self) -> Config:
        if bool(self.every_epochs) == bool(self.every_steps):
            raise ValueError(
                f"every_epochs={self.every_epochs:g}, every_steps={self.every_steps}: one of them "
                "is the period; set the other to 0"
            )
        return self


def factor(step: int, total_steps: int, steps_per_epoch: int, config: Config) -> float:
    """Factor of the base rate for 0-based optimiser step `step`; in (0, 1].

    `ConfigError` if a period is shorter than half a step.
    """
    period = config.every_steps or round(config.every_epochs * steps_per_epoch)
    if period == 0:
        raise ConfigError(
            f"schedule.every_epochs={config.every_epochs:g}: no step of an epoch of "
            f"{steps_per_epoch} steps. Raise it, or count in schedule.every_steps."
        )
    return float(config.gamma ** (min(step, total_steps) // period))
