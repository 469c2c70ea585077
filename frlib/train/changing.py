"""Gives a state on its way the settings that hold from now on.

Weights, the head's numbers and those of the optimiser (momentum) stay as they are.
"""

import torch
from torch import nn

from frlib.core import discover
from frlib.heads.build import settle
from frlib.optimisers import Settings, groups
from frlib.train.config import TrainConfig
from frlib.train.state import State


def change(state: State, before: TrainConfig, now: TrainConfig) -> None:
    """From the settings of `before`, which the state has, to those of `now`, of the same course."""
    if now.head != before.head:
        settle(state.trainee.head, now.head)
    if now.optimiser != before.optimiser:
        _regroup(state, now.optimiser)


def _regroup(state: State, settings: Settings) -> None:
    """Share the parameters out anew, as an optimiser built with `settings` does.

    That one is built over parameters without memory, and gives its groups alone.
    """
    own: dict[nn.Parameter, nn.Parameter] = {}
    named = []
    for name, parameter in state.trainee.trained():
        like = nn.Parameter(torch.empty_like(parameter, device="meta"))
        own[like] = parameter
        named.append((name, like))
    module = discover.load("frlib.optimisers", settings.name)
    built = module.build(settings, groups(named, settings))
    state.optimiser.defaults = built.defaults
    state.optimiser.param_groups = [
        {**group, "params": [own[like] for like in group["params"]]} for group in built.param_groups
    ]
