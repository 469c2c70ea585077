"""The factor of a loss under float16, so that small gradients stay above its smallest number.

It halves after a step whose gradients are not finite (that step moves nothing) and doubles after
`GROWTH` good ones in a row: Micikevicius et al., Mixed Precision Training, ICLR 2018, section 3.2,
with the numbers of torch.amp.GradScaler. Other than that, it is told by the trainer whether the
gradients of *all* workers are finite, and it lives on the device: nothing waits for it.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

START, GROWTH, LEAST = 2.0**16, 2000, 1.0


class LossScale:
    """A scale that moves under float16 and is 1 otherwise."""

    def __init__(self, precision: str, device: torch.device) -> None:
        self.is_on = precision == "float16"
        self._scale = torch.tensor(START if self.is_on else 1.0, device=device)
        self._good = torch.zeros((), dtype=torch.int32, device=device)

    def scaled(self, loss: Tensor) -> Tensor:
        """The loss to go backward from."""
        return loss * self._scale.to(loss.dtype) if self.is_on else loss

    def inverse(self) -> Tensor:
        """What the gradients are to be multiplied with."""
        return 1 / self._scale

    @property
    def is_least(self) -> Tensor:
        """Whether the scale cannot become smaller: a bool on the device."""
        return self._scale <= LEAST

    def update(self, is_finite: Tensor) -> None:
        """After a step. is_finite: whether its gradients were, on all workers."""
        if not self.is_on:
            return
        self._good = torch.where(is_finite, self._good + 1, 0)
        grows = self._good >= GROWTH
        factor = torch.where(is_finite, torch.where(grows, 2.0, 1.0), 0.5)
        self._scale = (self._scale * factor).clamp(min=LEAST)
        self._good = torch.where(grows, 0, self._good)

    def numbers(self) -> dict[str, float | int]:
        """All that a checkpoint must keep."""
        return {"scale": float(self._scale), "good": int(self._good)} if self.is_on else {}

    def restore(self, numbers: Mapping[str, Any]) -> None:
        """Go on exactly where `numbers` was taken."""
        if self.is_on and numbers:
            self._scale.fill_(float(numbers["scale"]))
            self._good.fill_(int(numbers["good"]))
