"""A trial that Ray's memory monitor ends is a trial that failed, and no more than that.

Tune 2.60 knows two ways in which a trial's process fails. Out of memory is a third one: told of a
running trial, it takes Tune itself down, and with it every other trial.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import OutOfMemoryError, RayActorError


@contextmanager
def survived() -> Iterator[None]:
    """Inside, such a process is one that died, with the monitor's own words."""
    honest = RayActorManager._actor_task_failed

    def failed(self: RayActorManager, tracked_actor_task: Any, exception: Exception) -> None:
        if isinstance(exception, OutOfMemoryError):
            exception = RayActorError(error_msg=str(exception))
        honest(self, tracked_actor_task, exception)

    RayActorManager._actor_task_failed = failed  # type: ignore[method-assign]
    try:
        yield
    finally:
        RayActorManager._actor_task_failed = honest  # type: ignore[method-assign]
