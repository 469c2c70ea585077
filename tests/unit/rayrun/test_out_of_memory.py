"""Tune survives a process that the memory monitor ends; guards what it calls of Ray's own."""

from types import SimpleNamespace
from typing import Any

import pytest
from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import OutOfMemoryError, RayActorError

from frlib.rayrun.failures import cause
from frlib.rayrun.out_of_memory import survived

WORDS = "1 worker(s) were killed due to the node running low on memory."


def _manager() -> tuple[Any, Any, list[Exception]]:
    heard: list[Exception] = []

    def on_error(actor: Any, error: Exception) -> None:
        heard.append(error)

    actor = SimpleNamespace(actor_id="1", _on_error=None)
    manager = SimpleNamespace(_failed_actor_ids=set(), _cleanup_actor=lambda tracked_actor: None)
    return manager, SimpleNamespace(_tracked_actor=actor, _on_error=on_error), heard


def _fail(manager: Any, task: Any) -> None:
    """By name, as Ray calls it."""
    RayActorManager._actor_task_failed(
        manager, tracked_actor_task=task, exception=OutOfMemoryError(WORDS)
    )


def test_manager_when_memory_is_short_then_only_the_actor_has_died() -> None:
    manager, task, heard = _manager()
    with survived():
        _fail(manager, task)
    (error,) = heard
    assert isinstance(error, RayActorError) and cause(str(error)) == "memory"


def test_manager_when_outside_then_ray_takes_itself_down() -> None:
    manager, task, heard = _manager()
    with pytest.raises(RuntimeError, match="Caught unexpected exception"):
        _fail(manager, task)
    assert not heard
