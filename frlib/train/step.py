"""One optimisation step; no state but what it is given."""

from contextlib import ExitStack

import torch
from torch import nn

from frlib.heads.head import HeadOutput
from frlib.train.frozen import only_rows
from frlib.train.state import State


def step(
    state: State,
    trainee: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    samples: torch.Tensor,
    *,
    lr: float,
    clip_norm: float,
    cast: object,
) -> HeadOutput:
    """Forward, backward, clip over backbone and head together, update. The head's output.

    `samples`: numbers of the images. What belongs to classes that took no part stays as it is, if
    the head's config says so.
    """
    for group in state.optimiser.param_groups:
        group["lr"] = lr
    state.optimiser.zero_grad(set_to_none=True)
    output: HeadOutput = trainee(
        images, labels, samples, epoch=state.epoch, step=state.step, cast=cast
    )
    output.loss.backward()
    if clip_norm > 0:
        nn.utils.clip_grad_norm_(state.trainee.parameters(), clip_norm)
    with ExitStack() as frozen:
        for parameter, rows in state.trainee.head.frozen_parts():
            frozen.enter_context(only_rows(state.optimiser, parameter, rows))
        state.optimiser.step()
    state.step += 1
    return output
