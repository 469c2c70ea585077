"""How many runs there is room for at a time."""

from frlib.core.errors import ClusterError
from frlib.study.schema import Resources


def held(cpus: float, gpus: float, all_cpus: float, all_gpus: float) -> int:
    """Runs of that need which so many CPUs and GPUs hold; `ClusterError` for none."""
    fits = [
        int(total / need + 1e-9) for total, need in ((all_cpus, cpus), (all_gpus, gpus)) if need > 0
    ]
    if not fits:
        return 1
    if min(fits) < 1:
        raise ClusterError(
            f"one run needs {cpus:g} CPUs and {gpus:g} GPUs, the cluster has "
            f"{all_cpus:g} and {all_gpus:g}; lower resources.workers, "
            "resources.cpus_per_worker or resources.gpus_per_worker"
        )
    return min(fits)


def at_a_time(resources: Resources, all_cpus: float, all_gpus: float) -> int:
    """Arms that run at a time there: as many as fit, or fewer where the study says so."""
    workers = resources.workers
    room = held(
        workers * resources.cpus_per_worker, workers * resources.gpus_per_worker, all_cpus, all_gpus
    )
    return min(room, resources.concurrent_arms or room)
