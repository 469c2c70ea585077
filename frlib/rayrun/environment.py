"""Ray's switches, set before `import ray`, and the connection to a cluster.

Nothing a user has set in the environment is overwritten.
"""

import logging
import os
from typing import Any

from frlib.core.errors import ClusterError
from frlib.study.room import held

log = logging.getLogger(__name__)

TRIAL_SLOT = "trial_slot"
_SLOTS = 4096
_SWITCHES = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
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


def connect(address: str = "") -> None:
    """Join the cluster at `address` (or `RAY_ADDRESS`), else start one on this machine.

    A cluster started here has `trial_slot`s: multi-worker trials hold one instead of a CPU.
    """
    set_switches()
    import ray

    if ray.is_initialized():
        return
    address = address or os.environ.get("RAY_ADDRESS", "")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.WARNING}
    try:
        if address:
            ray.init(address=address, **quiet)
            return
        os.environ.setdefault("RAY_AUTH_MODE", "disabled")
        ray.init(
            address="local",
            num_cpus=os.cpu_count(),
            resources={TRIAL_SLOT: _SLOTS},
            include_dashboard=False,
            **quiet,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = address or "this machine"
        raise ClusterError(
            f"Ray on {where}: {error}. Is it running (`ray status --address ...`), and are "
            "RAY_ADDRESS and the Ray version (2.60) the same on both sides?"
        ) from error


def totals(address: str) -> dict[str, float]:
    """Resources of the cluster at `address`, by Ray's names; the connection is closed again."""
    connect(address)
    import ray

    try:
        return dict(ray.cluster_resources())
    finally:
        ray.shutdown()


def capacity(cpus: float, gpus: float) -> int:
    """Runs of that need which the cluster holds at a time; `ClusterError` for none."""
    import ray

    total = ray.cluster_resources()
    return held(cpus, gpus, total.get("CPU", 0.0), total.get("GPU", 0.0))


def driver_resources() -> dict[str, float]:
    """What the trial of a multi-worker run holds: a slot where there is one, else some memory."""
    import ray

    if ray.cluster_resources().get(TRIAL_SLOT, 0.0) >= 1:
        return {"cpu": 0, TRIAL_SLOT: 1}
    return {"cpu": 0, "memory": 1024**2}
