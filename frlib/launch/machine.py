"""What a cluster has to run on, asked without starting anything."""

from dataclasses import dataclass

from frlib.rayrun import environment


@dataclass(frozen=True)
class Machine:
    """CPUs and GPUs of all nodes together, and where that is, in words."""

    cpus: float
    gpus: float
    name: str


def cluster(address: str) -> Machine:
    """The Ray cluster at `address`; `ClusterError` when it does not answer."""
    total = environment.totals(address)
    return Machine(total.get("CPU", 0.0), total.get("GPU", 0.0), f"the cluster at {address}")
