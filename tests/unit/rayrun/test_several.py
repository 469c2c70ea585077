"""What a run of several workers failed of: a lost node explains what the others met."""

from types import SimpleNamespace
from typing import Any

import pytest
from ray.exceptions import ActorUnavailableError

from frlib.core.errors import DataError, NodeLostError
from frlib.rayrun import several

DEAD_LINE = RuntimeError("Connection closed by peer [192.0.2.2]:1234")
UNREACHED = ActorUnavailableError("The actor is temporarily unavailable: RpcError", None)


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Nodes of the cluster; nobody waits for the head to notice."""
    nodes = {"n1", "n2"}
    told = SimpleNamespace(nodes=lambda: [{"NodeID": n, "Alive": True} for n in nodes])
    monkeypatch.setattr(several, "ray", told)
    monkeypatch.setattr(several, "_NOTICED_S", 0.0)
    return nodes


def _wrapped(error: Exception) -> Exception:
    outer: Any = RuntimeError("Training failed")
    outer._base_exc = error
    return outer  # type: ignore[no-any-return]


def _unhealthy(error: Exception) -> Exception:
    outer: Any = RuntimeError("health check failed")
    outer.health_check_failure = error
    return outer  # type: ignore[no-any-return]


def test_cause_when_a_worker_left_its_node_then_says_why_whatever_the_others_met(
    alive: set[str],
) -> None:
    left = NodeLostError("node n1 is being drained")
    assert several._cause([DEAD_LINE, _wrapped(left)], {"n1", "n2"}) is left


def test_cause_when_a_worker_cannot_be_reached_then_its_node_was_lost(alive: set[str]) -> None:
    found = several._cause([_wrapped(DataError("x")), _unhealthy(UNREACHED)], {"n1", "n2"})
    assert isinstance(found, NodeLostError)


def test_cause_when_lines_go_dead_and_a_node_is_gone_then_that_was_it(alive: set[str]) -> None:
    assert several._cause([DEAD_LINE], {"n1", "n2"}) is None
    alive.remove("n2")
    found = several._cause([DEAD_LINE], {"n1", "n2"})
    assert isinstance(found, NodeLostError) and "n2" in str(found)


def test_cause_when_a_worker_raised_a_typed_error_then_it_is_that(alive: set[str]) -> None:
    wrong = DataError("no images")
    assert several._cause([DEAD_LINE, _wrapped(wrong)], {"n1", "n2"}) is wrong
