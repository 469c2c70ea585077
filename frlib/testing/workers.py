"""Several workers as threads of one process: `Group` without `torch.distributed`."""

import threading
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


class _Table:
    def __init__(self, size: int) -> None:
        self.size = size
        self.barrier = threading.Barrier(size, timeout=30)
        self.slots: list[Tensor] = [torch.zeros(())] * size


class ThreadGroup:
    """One thread's view of the table all of them share."""

    def __init__(self, rank: int, table: _Table) -> None:
        self.rank = rank
        self.size = table.size
        self._table = table

    def _every(self, values: Tensor) -> list[Tensor]:
        self._table.barrier.wait()
        self._table.slots[self.rank] = values.detach().clone()
        self._table.barrier.wait()
        return list(self._table.slots)

    def max(self, values: Tensor) -> Tensor:
        """Largest value over the workers, element by element."""
        return torch.stack(self._every(values)).amax(0)

    def sum(self, values: Tensor) -> Tensor:
        """Sum over the workers, element by element."""
        return torch.stack(self._every(values)).sum(0)

    def mean(self, values: Tensor) -> Tensor:
        """Mean over the workers, element by element."""
        return torch.stack(self._every(values)).mean(0)

    def all_gather(self, values: Tensor) -> Tensor:
        """`[n, ...]` of every worker joined along the first axis, in rank order."""
        return torch.cat(self._every(values))


def together(size: int, work: Callable[[ThreadGroup], T]) -> list[T]:
    """What `work` returns on each of `size` workers running at once; the first error, if any."""
    table = _Table(size)
    results: dict[int, T] = {}
    errors: list[BaseException] = []

    def one(rank: int) -> None:
        try:
            results[rank] = work(ThreadGroup(rank, table))
        except BaseException as error:
            errors.append(error)
            table.barrier.abort()

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [results[rank] for rank in range(size)]
