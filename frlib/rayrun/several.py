"""A training function on several Ray Train workers, from inside a trial."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ray import train
from ray.train.torch import TorchTrainer

from frlib.core.errors import FrlibError
from frlib.study.schema import Resources


def fit(
    work: Callable[[dict[str, Any]], Any],
    order: Mapping[str, Any],
    resources: Resources,
    *,
    name: str,
    storage: Path,
    callbacks: Sequence[train.UserCallback] = (),
) -> Any:
    """What `work(order)` returns on the first worker; a worker's typed error is raised as it is.

    order: plain values; gets `cpus` of a worker.
    """
    per_worker = {"CPU": resources.cpus_per_worker}
    if resources.gpus_per_worker:
        per_worker["GPU"] = resources.gpus_per_worker
    trainer = TorchTrainer(
        work,
        train_loop_config={**order, "cpus": resources.cpus_per_worker},
        scaling_config=train.ScalingConfig(
            num_workers=_range(resources),  # type: ignore[arg-type]
            use_gpu=resources.gpus_per_worker > 0,
            resources_per_worker=per_worker,
        ),
        run_config=train.RunConfig(
            name=f"{name}-{time.time_ns()}",
            storage_path=str(storage),
            callbacks=list(callbacks),  # type: ignore[arg-type]
            failure_config=train.FailureConfig(
                # A run that may shrink goes on with the workers that are left.
                max_failures=resources.max_failures if resources.max_workers else 0
            ),
        ),
    )
    try:
        ended: Any = trainer.fit()
    except train.WorkerGroupError as error:
        for failure in error.worker_failures.values():
            typed = _typed(failure)
            if typed is not None:
                raise typed from error
        raise
    return ended.return_value


def _typed(error: BaseException | None) -> FrlibError | None:
    """The typed error inside what Ray wraps around a worker's exception."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, FrlibError):
            return error
        error = getattr(error, "_base_exc", None) or error.__cause__
    return None


def _range(resources: Resources) -> int | tuple[int, int]:
    """Workers of one run, as Ray Train takes them: a pair lets a run grow and shrink."""
    if resources.most_workers == resources.workers:
        return resources.workers
    return resources.workers, resources.most_workers
