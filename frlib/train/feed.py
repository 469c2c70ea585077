"""The losses of a run on their way to a schedule that learns from them.

Each is averaged over the workers. It is read one step late, when the next step is already queued on
the device, so that the device never waits for the host; a schedule takes it into account no sooner.
A loss that is not finite, of a step that was left out, counts as the one before it; where there is
none it is handed in as it is.
"""

import torch
from torch import Tensor

from frlib.parallel.collectives import Group
from frlib.schedules import Rule


class LossFeed:
    """Hands every loss to `rule`, in order; does nothing at all if the rule does not observe."""

    def __init__(self, rule: Rule, group: Group, last: float | None = None) -> None:
        """last: a finite loss from before, if there is one."""
        self._rule, self._group = rule, group
        self._last = None if last is None else torch.tensor(last)
        self._coming: _Coming | None = None

    def add(self, loss: Tensor) -> None:
        """Send off this worker's loss of the step just queued; hand in that of the step before."""
        if self._rule.observes:
            mean = self._group.mean(loss)
            if self._last is not None:
                mean = torch.where(torch.isfinite(mean), mean, self._last.to(mean))
            self._last = mean
            newest = _Coming(mean)
            self.flush()
            self._coming = newest

    def flush(self) -> None:
        """Hand in what is still on its way, so that the rule's numbers are whole."""
        if self._coming is not None:
            self._rule.observe(self._coming.read())
            self._coming = None


class _Coming:
    """A number being copied to the host; reading it waits for the copy, not for later work."""

    def __init__(self, value: Tensor) -> None:
        self._value = value.to("cpu", non_blocking=value.is_cuda)
        self._copied = torch.cuda.Event() if value.is_cuda else None
        if self._copied is not None:
            self._copied.record(torch.cuda.current_stream(value.device))

    def read(self) -> float:
        if self._copied is not None:
            self._copied.synchronize()
        return float(self._value)
