"""The few operations the parts may use across workers, with a one-process twin.

A `Group` moves values, not gradients: every result is detached, on one worker as on many, so that
code which forgets a gradient is caught by a one-process test. What must be differentiated goes
through `replicated_sum`, whose gradient rule is stated there.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
import torch.distributed as dist
from torch import Tensor


class Group(Protocol):
    """Workers that call the same operations in the same order with tensors of the same shape."""

    @property
    def rank(self) -> int:
        """Position of this worker, from 0."""
        ...

    @property
    def size(self) -> int:
        """Number of workers."""
        ...

    def max(self, values: Tensor) -> Tensor:
        """Largest value over the workers, element by element; shape and type of `values`."""
        ...

    def sum(self, values: Tensor) -> Tensor:
        """Sum over the workers, element by element; shape and type of `values`."""
        ...

    def mean(self, values: Tensor) -> Tensor:
        """Mean over the workers, element by element; every worker weighs the same."""
        ...

    def all_gather(self, values: Tensor) -> Tensor:
        """`[n, ...]` of every worker joined along the first axis, in rank order."""
        ...


@dataclass(frozen=True)
class SingleGroup:
    """One worker: every operation returns its own values, detached."""

    rank: int = 0
    size: int = 1

    def max(self, values: Tensor) -> Tensor:
        """The values themselves."""
        return values.detach()

    def sum(self, values: Tensor) -> Tensor:
        """The values themselves."""
        return values.detach()

    def mean(self, values: Tensor) -> Tensor:
        """The values themselves."""
        return values.detach()

    def all_gather(self, values: Tensor) -> Tensor:
        """The values themselves."""
        return values.detach()


SINGLE = SingleGroup()


@dataclass(frozen=True)
class TorchGroup:
    """Workers joined by `torch.distributed`; `process_group` None means all of them."""

    process_group: dist.ProcessGroup | None = None

    @property
    def rank(self) -> int:
        """Position of this worker, from 0."""
        return dist.get_rank(self.process_group)

    @property
    def size(self) -> int:
        """Number of workers."""
        return dist.get_world_size(self.process_group)

    def max(self, values: Tensor) -> Tensor:
        """Largest value over the workers, element by element."""
        return self._reduced(values, dist.ReduceOp.MAX)

    def sum(self, values: Tensor) -> Tensor:
        """Sum over the workers, element by element."""
        return self._reduced(values, dist.ReduceOp.SUM)

    def mean(self, values: Tensor) -> Tensor:
        """Mean over the workers, element by element."""
        return self.sum(values) / self.size

    def all_gather(self, values: Tensor) -> Tensor:
        """`[n, ...]` of every worker joined along the first axis, in rank order."""
        mine = values.detach().contiguous()
        every = [torch.empty_like(mine) for _ in range(self.size)]
        dist.all_gather(every, mine, group=self.process_group)
        return torch.cat(every)

    def _reduced(self, values: Tensor, operation: Any) -> Tensor:
        result = values.detach().clone(memory_format=torch.contiguous_format)
        dist.all_reduce(result, op=operation, group=self.process_group)
        return result


class _ReplicatedSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, group: Group) -> Tensor:
        return group.sum(values)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad, None


def replicated_sum(values: Tensor, group: Group) -> Tensor:
    """Sum over the workers of a group that all go on to compute the same thing from it.

    The gradient is passed on unchanged: each worker differentiates the one common loss with respect
    to its own addend. Where workers have losses of their own, gradients would have to be summed
    instead: do not use it there.
    """
    if group.size == 1:
        return values
    result: Tensor = _ReplicatedSum.apply(values, group)
    return result


class _SummedGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, group: Group) -> Tensor:
        ctx.group = group
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return ctx.group.sum(grad), None


def summed_gradient(values: Tensor, group: Group) -> Tensor:
    """The values, which every worker holds alike, used by each for its own part of a common loss.

    The gradient is the sum over the workers, so that all go on holding the same values.
    """
    if group.size == 1:
        return values
    result: Tensor = _SummedGradient.apply(values, group)
    return result


def on_first(values: Tensor, group: Group) -> Tensor:
    """The values; only the first worker's take a gradient.

    For what every worker computes alike from an input whose gradients are summed over workers.
    """
    return values if group.rank == 0 else values.detach()


class _Gathered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, group: Group, has_parts: bool) -> Tensor:
        ctx.group, ctx.count, ctx.has_parts = group, len(values), has_parts
        return group.all_gather(values)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        whole = ctx.group.sum(grad) if ctx.has_parts else grad
        own = whole[ctx.group.rank * ctx.count :][: ctx.count]
        return own * ctx.group.size, None, None


def gathered(values: Tensor, group: Group, *, has_parts: bool = False) -> Tensor:
    """`all_gather` for a loss that every data-parallel worker computes alike from it.

    The gradient is this worker's part times the number of workers, so that averaging parameter
    gradients over workers gives those of the one common loss. has_parts: every worker
    differentiates its own part of the loss alone (its classes); the parts' gradients are added up.
    """
    if group.size == 1:
        return values
    result: Tensor = _Gathered.apply(values, group, has_parts)
    return result
