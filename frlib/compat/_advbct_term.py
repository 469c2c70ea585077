"""The computation of `advbct`.

Shapes as in `_term`.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import nll_loss

from frlib.compat import advbct
from frlib.compat._l2_term import distances
from frlib.compat._term import Seen, Side, Term
from frlib.core.seeds import torch_seed

NEW, OLD = 0, 1
FEWEST = 2
STEEPNESS = 10.0


class Bounded(Term):
    """The bound and the adversary. What is known of the old classes is made anew at every start."""

    centre_Cd: Tensor
    radius_C: Tensor
    is_bounded_C: Tensor

    def __init__(self, config: advbct.Config, side: Side) -> None:
        super().__init__()
        self.config, self.epochs = config, side.epochs
        made = side.made
        self.register_buffer("centre_Cd", made["centre"], persistent=False)
        self.register_buffer("radius_C", made["radius"], persistent=False)
        self.register_buffer("is_bounded_C", made["count"] >= FEWEST, persistent=False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(side.seed, "compat", "advbct"))
            self.boundary_C = nn.Parameter(torch.empty(side.num_classes).uniform_(-1, 1))
            self.discriminator = nn.Sequential(
                nn.Linear(side.dim, config.hidden),
                nn.BatchNorm1d(config.hidden),
                nn.ReLU(),
                nn.Linear(config.hidden, 2),
                nn.LogSoftmax(1),
            )

    def forward(self, seen: Seen) -> dict[str, Tensor]:
        """`advbct_boundary` and `advbct_adversary`."""
        fading = (self.epochs - seen.epoch + 1) / self.epochs
        return {
            "advbct_boundary": self.config.boundary_weight * self._beyond(seen),
            "advbct_adversary": self.config.adversary_weight * fading * self._told_apart(seen),
        }

    def _beyond(self, seen: Seen) -> Tensor:
        labels_b = seen.labels_b
        radius_b = self.radius_C[labels_b]
        share_b = self.boundary_C[labels_b].sigmoid()
        reach_b = radius_b + share_b * (self.config.tau - radius_b)
        excess_b = distances(seen.unit_bd, self.centre_Cd[labels_b]) - reach_b
        return seen.mean(excess_b, (excess_b > 0) & self.is_bounded_C[labels_b])

    def _told_apart(self, seen: Seen) -> Tensor:
        turned_bd = reversed_slope(seen.unit_bd, slope_at(seen.progress))
        new_b2, old_b2 = self.log_probabilities(turned_bd, seen.old_bd)
        losses_b = [
            nll_loss(log_b2, torch.full_like(seen.labels_b, side), reduction="none")
            for log_b2, side in ((new_b2, NEW), (old_b2, OLD))
        ]
        return seen.mean(losses_b[NEW] + losses_b[OLD])

    def log_probabilities(self, new_bd: Tensor, old_bd: Tensor) -> tuple[Tensor, Tensor]:
        """`[b, 2]` each, of being new and being old."""
        if self.config.joint_batch:
            new_b2, old_b2 = self.discriminator(torch.cat([new_bd, old_bd])).chunk(2)
            return new_b2, old_b2
        return self.discriminator(new_bd), self.discriminator(old_bd)


def slope_at(progress: float) -> float:
    """a: 0 at the start of the training, towards 1 at its end."""
    return 2 / (1 + math.exp(-STEEPNESS * progress)) - 1


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, slope: float) -> Tensor:
        ctx.slope = slope
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return -ctx.slope * grad, None


def reversed_slope(values: Tensor, slope: float) -> Tensor:
    """The values, whose gradient is multiplied by −slope."""
    result: Tensor = _Reversed.apply(values, slope)
    return result
