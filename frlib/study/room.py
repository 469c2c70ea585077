"""How many runs there is room for at a time, node by node."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from frlib.core.errors import ClusterError
from frlib.study.schema import Placement, Resources

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Node:
    """A machine: CPUs, GPUs, and GiB of memory (infinite where nobody counts it)."""

    name: str
    cpus: float
    gpus: float = 0.0
    memory_gib: float = math.inf

    def __str__(self) -> str:
        return _told(self.cpus, self.gpus, 0 if math.isinf(self.memory_gib) else self.memory_gib)


@dataclass(frozen=True)
class Need:
    """Of one run: how many workers, and what each of them takes; memory 0 is not counted."""

    cpus: float
    gpus: float = 0.0
    memory_gib: float = 0.0
    workers: int = 1
    placement: Placement = "PACK"

    @classmethod
    def of(cls, resources: Resources) -> "Need":
        """At least, of a run that may grow."""
        return cls(
            resources.cpus_per_worker,
            resources.gpus_per_worker,
            resources.memory_gib_per_worker,
            resources.workers,
            resources.placement,
        )

    def __str__(self) -> str:
        return _told(self.cpus, self.gpus, self.memory_gib)


def held(need: Need, nodes: Sequence[Node]) -> int:
    """Runs that the nodes hold at a time when they do nothing else.

    `ClusterError` for none: Ray would wait for ever. It names what is asked for, the node that has
    most of it, and what to change.
    """
    fits = [_workers(need, node) for node in nodes]
    found = _runs(need, fits)
    if found:
        return found
    if not any(fits):
        largest = max(nodes, key=lambda node: _key(need, node), default=None)
        there = f"{largest.name} is the largest node with {largest}" if largest else "has no node"
        raise ClusterError(
            f"one worker needs {need}, and no node of the cluster holds it: {there}. Lower "
            "resources.cpus_per_worker, resources.gpus_per_worker or "
            "resources.memory_gib_per_worker, or add a node that holds it; of a cluster that adds "
            "nodes on demand, say so with resources.may_grow=true"
        )
    raise ClusterError(
        f"one run needs {need.workers} workers with {need} each, placed as {need.placement}, and "
        f"the cluster's {len(nodes)} nodes hold {sum(fits)} in all, {max(fits)} on the largest. "
        "Lower resources.workers or what a worker takes, choose another resources.placement, or "
        "add nodes; of a cluster that adds them on demand, say so with resources.may_grow=true"
    )


def at_a_time(resources: Resources, nodes: Sequence[Node]) -> int:
    """Arms that run at a time there: as many as fit, or fewer where the study says so.

    Of a cluster that grows: as many as the study says, whatever there is now.
    """
    if resources.may_grow:
        return resources.concurrent_arms
    room = held(Need.of(resources), nodes)
    return min(room, resources.concurrent_arms or room)


def _workers(need: Need, node: Node) -> int:
    shares = [
        has / asked
        for has, asked in ((node.cpus, need.cpus), (node.memory_gib, need.memory_gib))
        if asked > 0 and not math.isinf(has)
    ]
    if need.gpus:
        shares.append(_on_gpus(need.gpus, node.gpus))
    return int(min(shares, default=1.0) + _ROUNDING)


def _on_gpus(asked: float, has: float) -> float:
    """Workers with a part of a GPU each: that is of one GPU, and what is left of it is left."""
    return int(has) * int(1 / asked + _ROUNDING) if asked < 1 else has / asked


def _runs(need: Need, fits: Sequence[int]) -> int:
    total = sum(fits) // need.workers
    if need.placement == "STRICT_PACK":
        return sum(count // need.workers for count in fits)
    if need.placement == "STRICT_SPREAD":
        runs = range(total, 0, -1)
        return next((n for n in runs if sum(min(c, n) for c in fits) >= n * need.workers), 0)
    return total


def _key(need: Need, node: Node) -> tuple[float, ...]:
    """By what is asked for and rarest first."""
    return (node.gpus if need.gpus else 0.0, node.cpus, node.memory_gib)


def _told(cpus: float, gpus: float, memory_gib: float) -> str:
    memory = f" and {memory_gib:.3g} GiB of memory" if memory_gib else ""
    return f"{cpus:g} CPUs, {gpus:g} GPUs{memory}"
