"""Seconds of a step, measured by training a few."""

import os
from pathlib import Path

import pytest
import torch

from frlib.core.errors import DataError
from frlib.train.probe import Probe, computing, hardware, place_of, probe, threads_of
from tests.unit.study.recorded import little


def _probe(store: Path, seconds: float = 0.3, **changes: object) -> Probe:
    config = little().base.model_copy(update=changes)
    place = place_of(use_gpu=False)
    return probe(config, seconds=seconds, seed=0, store=store, place=place, say=lambda text: None)


def test_probe_when_a_few_steps_are_trained_then_every_part_has_seconds(tmp_path: Path) -> None:
    found = _probe(tmp_path)
    assert found.steps >= 1
    assert 0 < found.step_s < 1
    assert found.start_s > 0 and found.selection_s > 0 and found.report_s > 0
    assert [path.name for path in tmp_path.iterdir()] == ["datasets"], "nothing but data is kept"


def test_probe_when_the_time_is_short_then_evaluation_is_counted_up(tmp_path: Path) -> None:
    found = _probe(tmp_path, seconds=0.0)
    assert found.selection_s > 0 and found.report_s > found.selection_s


def test_probe_when_images_make_no_two_batches_then_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no two batches of 32 .*lower base\.batch_size"):
        _probe(tmp_path, batch_size=32)


def test_hardware_when_asked_then_names_what_a_time_depends_on() -> None:
    found = hardware(place_of(use_gpu=False), threads_of(1.0))
    assert found["device"] == "CPU" and found["threads"] == "1"
    assert all(found.values())


def test_threads_when_a_worker_has_more_cpus_than_the_machine_then_are_no_more() -> None:
    assert threads_of(100_000) == os.cpu_count() and threads_of(0.5) == 1
    before = torch.get_num_threads()
    with computing(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
