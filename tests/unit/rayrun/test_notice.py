"""A notice comes from the cluster's list of draining nodes, or from SIGTERM."""

import os
import signal
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from ray._private.state import state

from frlib.rayrun import notice
from frlib.rayrun.notice import TakesNotice, watched

OWN = "ab" * 28


class _Trainable:
    def setup(self, config: dict[str, Any]) -> None:
        """As Tune's own."""


class _Told(TakesNotice, _Trainable):
    pass


@pytest.fixture
def draining(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Node -> deadline in ms, as the head would tell."""
    nodes: dict[str, int] = {}
    here = SimpleNamespace(get_node_id=lambda: OWN)
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(ray, "get_runtime_context", lambda: here)
    monkeypatch.setattr(state, "get_draining_nodes", lambda: dict(nodes))
    monkeypatch.setattr(notice, "_LOOK_S", 0.01)
    return nodes


@pytest.fixture
def ended() -> Iterator[list[int]]:
    """Signals that Ray's own handler got, which is in place before and put back after."""
    got: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: got.append(number))
    yield got
    signal.signal(signal.SIGTERM, before)


def _within_a_second(is_so: Any) -> bool:
    end = time.monotonic() + 1
    while not is_so() and time.monotonic() < end:
        time.sleep(0.005)
    return bool(is_so())


def test_notice_when_this_node_is_drained_then_says_so(draining: dict[str, int]) -> None:
    with watched() as told:
        draining["cd" * 28] = 0
        time.sleep(0.05)
        assert told() == ""
        draining[OWN] = int((time.time() + 20.4) * 1000)
        assert _within_a_second(told)
        assert told() == "node ababab is being drained and goes in 20 s"
    with watched() as next_one:
        assert next_one() == "", "a reason is of one run"


def test_notice_when_there_is_no_cluster_then_none_is_started(
    draining: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    draining[OWN] = 0
    with watched() as told:
        time.sleep(0.05)
        assert told() == ""


def test_notice_when_the_head_is_silent_then_asks_again(
    draining: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: Iterator[Any] = iter([RuntimeError("no answer"), {OWN: 0}])

    def asked() -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(state, "get_draining_nodes", asked)
    with watched() as told:
        assert _within_a_second(told)
        assert told() == "node ababab is being drained and goes"


def test_sigterm_when_a_run_is_under_way_then_is_a_notice_and_else_the_end(
    draining: dict[str, int], ended: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    timers: list[float] = []
    timer = SimpleNamespace(start=lambda: None, daemon=True)
    monkeypatch.setattr(
        notice.threading, "Timer", lambda seconds, *rest: timers.append(seconds) or timer
    )
    _Told().setup({})
    with watched() as told:
        os.kill(os.getpid(), signal.SIGTERM)
        assert _within_a_second(told)
        assert "SIGTERM" in told() and timers == [30.0] and not ended
    os.kill(os.getpid(), signal.SIGTERM)
    assert _within_a_second(lambda: ended) and ended == [signal.SIGTERM]
