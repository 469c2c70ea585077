"""What a run takes of the machine in its trial's own process."""

import pytest
import torch

from frlib.rayrun import seat
from frlib.study.schema import Resources


@pytest.mark.parametrize(("gpus", "limits"), [(0.25, [0.25]), (1.0, []), (0.0, [])])
def test_taken_when_a_gpu_is_shared_then_its_memory_is_as_well(
    gpus: float, limits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", asked.append)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    place = seat.taken(Resources(gpus_per_worker=gpus))
    assert asked == limits
    assert place.device.type == ("cuda" if gpus else "cpu")
