"""An exponential moving average of the weights.

    a ← rate a + (1 - rate) w            after every step, from a = w at the start

Buffers (running statistics of batch norms) are not averaged: the current ones go with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from frlib.train.trainee import Trainee


class Average:
    """The averaged parameters of a trainee, as this worker holds them."""

    def __init__(self, trainee: Trainee, rate: float) -> None:
        self._rate = rate
        self._weights = dict(trainee.named_parameters())
        self._averages = {name: p.detach().clone() for name, p in self._weights.items()}

    @torch.no_grad()
    def update(self, moved: Tensor) -> None:
        """Take a step's weights in. moved: whether it moved any.

        A GPU is not waited for: there a step that was left out counts as one of the same weights.
        """
        if moved.device.type == "cpu" and not bool(moved):
            return
        torch._foreach_lerp_(
            list(self._averages.values()), list(self._weights.values()), 1 - self._rate
        )

    def tensors(self) -> dict[str, Tensor]:
        """By the parameters' names."""
        return dict(self._averages)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within, the trainee has the averaged weights."""
        own = {name: weight.data for name, weight in self._weights.items()}
        try:
            for name, weight in self._weights.items():
                weight.data = self._averages[name]
            yield
        finally:
            for name, weight in self._weights.items():
                weight.data = own[name]
