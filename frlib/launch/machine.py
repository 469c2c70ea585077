"""What a cluster has to run on, asked without starting anything."""

from dataclasses import dataclass

from frlib.rayrun import environment
from frlib.study.room import Node


@dataclass(frozen=True)
class Machine:
    """The nodes, and where that is, in words."""

    nodes: tuple[Node, ...]
    name: str


def cluster(address: str) -> Machine:
    """The Ray cluster at `address`; `ClusterError` when it does not answer."""
    return Machine(tuple(environment.nodes_at(address)), f"the cluster at {address}")
