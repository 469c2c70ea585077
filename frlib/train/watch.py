"""Catches the step whose gradients are not finite, with the batch and the state from before it.

The optimiser has left such a step out already. On a CPU, and where the run is to go on, the host
looks at once. On a GPU where the run is to stop it looks one step later, so that the device never
waits for it; in between nothing moves, as every step after a bad one is held.

What a forward pass moves (running statistics, a head's numbers) is put back from a copy taken
before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from frlib.data.augment import Draws
from frlib.train.compatibility import OldRows
from frlib.train.state import State
from frlib.train.step import Done

_Buffers = dict[torch.dtype, list[Tensor]]


@dataclass(frozen=True, eq=False)
class Fed:
    """What a worker was given in a step: as it came from the loader, on its device.

    tail: the same of the tail's images, where there is a tail; samples are rows of its manifest.
    old: old features of the images, where there is an old model.
    """

    images: Tensor
    labels: Tensor
    samples: Tensor
    draws: Draws
    tail: "Fed | None" = None
    old: OldRows | None = None

    @property
    def parts(self) -> "tuple[Fed, ...]":
        """The batch, and that of the tail behind it."""
        return (self,) if self.tail is None else (self, self.tail)


@dataclass(frozen=True, eq=False)
class Bad:
    """A step that was not finite. `step` counts from 0."""

    step: int
    fed: Fed


@dataclass(frozen=True, eq=False)
class _Entry:
    step: int
    fed: Fed
    is_bad: Tensor
    before: _Buffers
    copied: "torch.cuda.Event | None"


class Watch:
    """One for a run; `before` and `after` go around every step."""

    def __init__(self, state: State, *, goes_on: bool, device: torch.device) -> None:
        self._buffers = _by_type(state.trainee.buffers())
        self._copies = [
            {kind: [b.clone() for b in own] for kind, own in self._buffers.items()}
            for _ in range(2)
        ]
        self._lags = device.type == "cuda" and not goes_on
        self._entry: _Entry | None = None
        self.hold: Tensor | None = None

    def before(self) -> None:
        """Take the copy."""
        for kind, own in self._buffers.items():
            torch._foreach_copy_(self._copies[0][kind], own)

    def after(self, step: int, done: Done, fed: Fed) -> Bad | None:
        """The bad step that has become known, if one has; its forward pass is undone then."""
        newest = self._noted(step, done, fed)
        entry, self._entry = (self._entry, newest) if self._lags else (newest, None)
        return self._looked(entry)

    def last(self) -> Bad | None:
        """The same of the step that is still unknown, at the end of an epoch."""
        entry, self._entry = self._entry, None
        return self._looked(entry)

    def _noted(self, step: int, done: Done, fed: Fed) -> _Entry:
        is_bad, copied = done.is_bad, None
        if self._lags:
            self.hold = is_bad if self.hold is None else self.hold | is_bad
            is_bad = self.hold.to("cpu", non_blocking=True)
            copied = torch.cuda.Event()
            copied.record()
        entry = _Entry(step, fed, is_bad, self._copies[0], copied)
        self._copies.reverse()
        return entry

    def _looked(self, entry: _Entry | None) -> Bad | None:
        if entry is None:
            return None
        if entry.copied is not None:
            entry.copied.synchronize()
        if not bool(entry.is_bad):
            return None
        for kind, own in self._buffers.items():
            torch._foreach_copy_(own, entry.before[kind])
        return Bad(entry.step, entry.fed)


def _by_type(tensors: Iterable[Tensor]) -> _Buffers:
    """So that each type is copied in one launch."""
    found: _Buffers = {}
    for tensor in tensors:
        found.setdefault(tensor.dtype, []).append(tensor)
    return found
