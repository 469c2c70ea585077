"""Clocks, turns, limits, and what a wrong call is told."""

import json
import time

import pytest
import torch

from frlib.bench import measure
from frlib.bench.measure import Clock, Timing
from tests.benchmarks.run import run


def test_interleaved_when_steps_are_timed_then_take_turns() -> None:
    now, taken = [0.0], []
    cost = {"a": iter([1.0, 2.0, 9.0]), "b": iter([4.0, 4.0, 4.0])}

    def step(name: str) -> None:
        taken.append(name)
        now[0] += next(cost[name])

    def reset() -> None:
        taken.append("reset")
        now[0] += 100

    found = measure.interleaved(
        {"a": lambda: step("a"), "b": lambda: step("b")}, Clock("", lambda: now[0]), 3, reset
    )
    assert found == {"a": Timing(2.0, 1.0, 9.0), "b": Timing(4.0, 4.0, 4.0)}
    assert taken == 3 * ["reset", "a", "reset", "b"] + ["reset"]


def test_clock_when_one_thread_then_cpu_time_and_otherwise_wall_time() -> None:
    one, two = (measure.clock(torch.device("cpu"), count) for count in (1, 2))
    assert one.read is time.process_time and "CPU time" in one.name
    assert two.read is time.perf_counter and "wall time" in two.name


def test_threads_when_left_then_as_many_as_before() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), measure.threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise ZeroDivisionError
    assert torch.get_num_threads() == before


def test_bench_limits_when_small_then_prints_rates(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bench", "limits", "--small", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["matmul_n"] == 256 and found["fp32_gflops"] > 0 and found["copy_gbs"] > 0
    assert run(monkeypatch, "bench", "limits", "--small") == 0
    assert "GFLOP/s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--heads", "arcfce"), "did you mean 'arcface'?"),
        (("--heads", "softmax"), "no one-hot loss to compare with"),
        (("--classes", "10,x"), "10000,100000"),
        (("--classes", "1"), "whole numbers from 2 on"),
        (("--device", "gpu"), "expected cpu, or cuda"),
    ],
)
def test_bench_heads_when_called_wrongly_then_says_what_to_do_and_exits_2(
    words: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "bench", "heads", "--small", *words) == 2
    assert message in capsys.readouterr().err
