"""Ray's switches, set before `import ray`, and the connection to a cluster.

Nothing a user has set in the environment is overwritten.
"""

import logging
import os
import secrets
import sys
from typing import Any

from frlib.core.errors import ClusterError
from frlib.study.room import Need, Node, at_a_time, held
from frlib.study.schema import Resources
from frlib.study.terminated import kept

log = logging.getLogger(__name__)

TRIAL_SLOT = "trial_slot"
_SLOTS = 4096
_GIB = 2**30
_SWITCHES = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
}


def set_switches() -> None:
    """No loggers beside our records, and no complaint that Tune's own files are missing.

    Ray Train fetches a report when it next looks after its workers: every 0.2 s, so that an epoch
    does not end with a wait of two.
    """
    for name, value in _SWITCHES.items():
        os.environ.setdefault(name, value)
    logging.getLogger("ray.tune.analysis.experiment_analysis").setLevel(logging.ERROR)


@kept()
def connect(address: str = "", namespace: str | None = None) -> None:
    """Join the cluster at `address` (or `RAY_ADDRESS`), else start one on this machine.

    A cluster started here has `trial_slot`s: multi-worker trials hold one instead of a CPU.
    namespace: of named actors; one of its own where none is given. `ClusterError` where Ray cannot.
    """
    set_switches()
    address = address or os.environ.get("RAY_ADDRESS", "")
    if not address:
        _guard()
    import ray

    if ray.is_initialized():
        return
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.WARNING}
    try:
        if address:
            ray.init(address=address, namespace=namespace, **quiet)
            return
        ray.init(
            address="local",
            num_cpus=os.cpu_count(),
            resources={TRIAL_SLOT: _SLOTS},
            include_dashboard=False,
            namespace=namespace,
            **quiet,
        )
    except Exception as error:  # that a raylet was too slow is of no narrower kind
        advice = (
            "Is it running (`ray status --address ...`), and are RAY_ADDRESS, the Ray version "
            "(2.60) and the token the same on both sides?"
            if address
            else "Run the same command again once the machine is less busy; Ray's logs are below "
            "/tmp/ray (RAY_TMPDIR)"
        )
        raise ClusterError(f"Ray on {address or 'this machine'}: {error}. {advice}") from error


def _guard() -> None:
    """A token for the cluster of this process: Ray listens on every interface, also for one.

    Ray reads the mode when it is imported, so none is asked for where that has been done before.
    """
    if "RAY_AUTH_MODE" in os.environ:
        return
    if "ray" in sys.modules:
        os.environ["RAY_AUTH_MODE"] = "disabled"
        return
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def nodes_at(address: str) -> list[Node]:
    """Living nodes of the cluster at `address`; the connection is closed again."""
    connect(address)
    import ray

    try:
        return nodes()
    finally:
        ray.shutdown()


def nodes() -> list[Node]:
    """Living nodes of the cluster that is joined."""
    import ray

    return [
        Node(
            str(node["NodeManagerHostname"]),
            node["Resources"].get("CPU", 0.0),
            node["Resources"].get("GPU", 0.0),
            node["Resources"].get("memory", 0.0) / _GIB,
        )
        for node in ray.nodes()
        if node["Alive"]
    ]


def capacity(need: Need) -> int:
    """Runs of that need which the cluster holds at a time; `ClusterError` for none."""
    return held(need, nodes())


def concurrency(resources: Resources) -> int:
    """Arms of a study at a time; `ClusterError` where the cluster does not hold one."""
    return at_a_time(resources, nodes())


def trial_resources(resources: Resources) -> dict[str, float]:
    """What the trial of a run of one worker holds, by Tune's names."""
    return {name.lower(): amount for name, amount in worker_resources(resources).items()}


def worker_resources(resources: Resources) -> dict[str, float]:
    """What one worker holds, by Ray's names."""
    held = {"CPU": resources.cpus_per_worker}
    if resources.gpus_per_worker:
        held["GPU"] = resources.gpus_per_worker
    if resources.memory_gib_per_worker:
        held["memory"] = resources.memory_gib_per_worker * _GIB
    return held


def driver_resources() -> dict[str, float]:
    """What the trial of a multi-worker run holds: a slot where there is one, else some memory."""
    import ray

    if ray.cluster_resources().get(TRIAL_SLOT, 0.0) >= 1:
        return {"cpu": 0, TRIAL_SLOT: 1}
    return {"cpu": 0, "memory": 1024**2}
