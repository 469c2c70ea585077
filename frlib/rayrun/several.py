"""A training function on several Ray Train workers, from inside a trial."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ray
from ray import train
from ray.train.torch import TorchTrainer

from frlib.core.errors import FrlibError, NodeLostError
from frlib.rayrun import environment
from frlib.rayrun.failures import cause
from frlib.study.schema import Resources

_NOTICED_S = 20.0


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

    order: plain values; gets `cpus` of a worker. `NodeLostError` where a node was lost.
    """
    before = _nodes()
    trainer = TorchTrainer(
        work,
        train_loop_config={**order, "cpus": resources.cpus_per_worker},
        scaling_config=train.ScalingConfig(
            num_workers=_range(resources),  # type: ignore[arg-type]
            use_gpu=resources.gpus_per_worker > 0,
            resources_per_worker=environment.worker_resources(resources),
            placement_strategy=resources.placement,
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
        found = _cause(list(error.worker_failures.values()), before)
        if found is not None:
            raise found from error
        raise
    return ended.return_value


def _cause(failures: Sequence[BaseException], before: set[str]) -> FrlibError | None:
    """A lost node explains what else went wrong; workers that are left only see lines go dead.

    before: nodes that were alive when the run began.
    """
    told = [f"{one}\n{getattr(one, 'health_check_failure', '')}" for one in failures]
    typed = [one for one in map(_typed, failures) if one is not None]
    if any(cause(text) == "node" for text in told):
        left = next((one for one in typed if isinstance(one, NodeLostError)), None)
        return left or NodeLostError(f"a node of the run was lost: {told[0].strip()}")
    if typed:
        return typed[0]
    if not any("ActorDiedError" in text or "has died" in text for text in told):
        gone = _lost(before)
        if gone:
            return NodeLostError(f"node {', '.join(sorted(gone))} of the cluster was lost")
    return None


def _lost(before: set[str]) -> set[str]:
    """Nodes that have died since; the head notices after some seconds."""
    end = time.monotonic() + _NOTICED_S
    while not (gone := before - _nodes()) and time.monotonic() < end:
        time.sleep(0.5)
    return gone


def _nodes() -> set[str]:
    return {node["NodeID"] for node in ray.nodes() if node["Alive"]}


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
