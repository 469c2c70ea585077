"""A call of run without a cluster: what is written of its end, and what errors of Ray become."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray import tune
from ray.exceptions import RayError

from frlib.core.errors import ClusterError, StoppedError
from frlib.launch.session import Unwatched, ready
from frlib.rayrun import tuner
from frlib.rayrun.turns import ClusterBoard
from frlib.records import halted
from frlib.study.arms import cells
from frlib.study.plan import CellPlan, Plan
from tests.unit.study.designs import digests, small


class _Stopping(Unwatched):
    def stopping(self) -> bool:
        return True


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Nothing of it is on record; no cluster is joined."""
    found = Plan(
        study := small(), tmp_path, tuple(CellPlan(cell, {}) for cell in cells(study, digests))
    )
    monkeypatch.setattr(tuner, "make", lambda study, store: found)
    monkeypatch.setattr(tuner.environment, "connect", lambda *words, **named: None)
    monkeypatch.setattr(tuner.environment, "concurrency", lambda resources: 1)
    monkeypatch.setattr(ClusterBoard, "_ask", lambda self, what: None)
    return found


def test_run_when_asked_to_stop_after_the_last_arm_began_then_the_record_says_why(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuner, "_tune", lambda session, plan, work: None)
    with pytest.raises(StoppedError, match="was asked to stop"):
        tuner.run(plan, _Stopping())
    found = halted.read(plan.folder)
    assert found is not None and "frlib study stop" in found.reason
    assert sum(found.not_begun.values()) == plan.arms


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ConnectionError("the head is gone"), "Ray Tune gave up: the head is gone"),
        (RayError("the head is gone"), "Ray Tune gave up: the head is gone"),
        (OSError(28, "No space left"), "cannot write below .*make room"),
    ],
)
def test_run_when_ray_fails_then_says_what_to_do(
    error: Exception, message: str, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit() -> Any:
        raise error

    monkeypatch.setattr(tune, "Tuner", lambda *words, **named: SimpleNamespace(fit=fit))
    with pytest.raises(ClusterError, match=message):
        tuner._tune(ready(plan), plan, None)
