"""What is counted against an arm whose trials fail, from what Ray says of them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from frlib.rayrun.failures import Cause, Failures, cause

LOST = (
    "The actor died unexpectedly before finishing this task.\nThe actor died because its node has "
    "died. Node Id: e9925d\n\tthe actor's node was terminated expectedly: received SIGTERM"
)
AWAY = "The actor de5c2a is unavailable: The actor is temporarily unavailable: RpcError: Socket"
LEFT = "frlib.core.errors.NodeLostError: node e9925d is being drained; put down after step 4"
KILLED = "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR"
MEMORY = "1 worker(s) were killed due to the node running low on memory. Memory on the node (IP:"


class _Trials:
    """As Tune keeps what they failed of: one file for all trials of an arm."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "error.txt"

    def __call__(self, error: str, step: int = 0) -> Any:
        with self._file.open("a") as file:
            file.write(f"Failure # 1 (occurred at 2026-11-28_03-19-12)\n{error}\n")
        result = {"step": step} if step else None
        return SimpleNamespace(config={"arm": "a"}, last_result=result, error_file=str(self._file))


@pytest.fixture
def trial(tmp_path: Path) -> _Trials:
    return _Trials(tmp_path)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (LOST, "node"),
        (AWAY, "node"),
        (LEFT, "node"),
        (KILLED, "crash"),
        (MEMORY, "memory"),
        ("ZeroDivisionError: division by zero", "crash"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "crash"),
        ("", "crash"),
    ],
)
def test_cause_when_ray_tells_of_it_then_is_known(text: str, wanted: Cause) -> None:
    assert cause(text) == wanted


def test_failures_when_crashes_are_used_up_then_the_arm_is_left_and_says_why(
    trial: _Trials,
) -> None:
    one = Failures(1)
    one.note(trial(KILLED))
    assert one.again("a") and one.again("another")
    one.note(trial(KILLED))
    assert not one.again("a")
    assert one.message("a") == KILLED


def test_failures_when_nodes_are_lost_then_no_crash_is_counted(trial: _Trials) -> None:
    one = Failures(0)
    for step in range(50):
        one.note(trial(LOST, step))
        assert one.again("a")
    one.note(trial("ValueError: x", 60))
    assert not one.again("a")


def test_failures_when_nodes_are_lost_without_an_epoch_then_the_arm_is_left(trial: _Trials) -> None:
    one = Failures(0)
    for _ in range(10):
        one.note(trial(AWAY, 3))
        assert one.again("a")
    one.note(trial(AWAY, 3))
    assert not one.again("a")
    assert one.message("a").startswith("its node was lost (The actor de5c2a is unavailable")
    assert one.message("a").endswith("11 nodes lost in a row, no epoch done between")


def test_failures_when_memory_is_short_then_says_what_to_do(trial: _Trials) -> None:
    one = Failures(1)
    for _ in range(2):
        one.note(trial(MEMORY))
    assert not one.again("a")
    assert "needs more memory than its node had left: ended 2 times" in one.message("a")


def test_failures_when_all_is_to_end_then_nothing_is_run_again(trial: _Trials) -> None:
    one = Failures(5, goes_on=lambda: False)
    one.note(trial(LOST))
    assert not one.again("a")
