import time

import pytest
import torch

from frlib.train.clock import Clock


def test_row_when_spans_are_taken_then_adds_them_up_and_starts_anew() -> None:
    clock = Clock(torch.device("cpu"))
    for _ in range(3):
        clock.step()
        with clock.span("data_wait"):
            time.sleep(0.01)
        with clock.device_span("forward"):
            time.sleep(0.005)
    row = clock.row()
    assert row.keys() == {"time/data_wait", "time/forward", "time/cpu", "memory/host_peak_mib"}
    assert row["time/data_wait"] >= 0.03
    assert row["time/forward"] >= 0.015
    assert row["memory/host_peak_mib"] > 50
    assert clock.row().keys() == {"time/cpu", "memory/host_peak_mib"}


def test_row_when_the_process_works_then_its_cpu_time_since_the_last_row_is_told() -> None:
    clock = Clock(torch.device("cpu"))
    began = time.process_time()
    while time.process_time() - began < 0.1:
        pass
    assert 0.1 <= clock.row()["time/cpu"] < 0.5
    assert clock.row()["time/cpu"] < 0.05


def test_span_when_the_work_fails_then_its_time_still_counts() -> None:
    clock = Clock(torch.device("cpu"))
    with pytest.raises(KeyError), clock.device_span("backward"):
        raise KeyError
    assert "time/backward" in clock.row()
