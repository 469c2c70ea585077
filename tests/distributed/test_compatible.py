"""Runs beside an old model: two workers follow one, and go on bit for bit where they were stopped.

Terms are means over the pass of all workers, and rows are drawn over all of it.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.distributed.training import Job, Result, done, relative, trained
from tests.unit.train import olds
from tests.unit.train.worlds import HERE, manifest

pytestmark = pytest.mark.dist

HEAD = {"name": "arcface", "scale": 16.0, "margin": 0.2}
RUNS: dict[str, dict[str, Any]] = {
    "l2": {"method": {"name": "l2"}},
    "weakened_l2, project": {"method": {"name": "weakened_l2"}, "dimensions": "project"},
    "bct": {"method": {"name": "bct", "compat_scale": 8.0}},
    "unibct": {
        "method": {"name": "unibct", "start_epoch": 1, "refresh": [1], "variant": "rows"}
    },
    "nccl": {"method": {"name": "nccl", "buffer": 40, "beta": 1.0}},
    "advbct": {"method": {"name": "advbct", "tau": 0.9}},
    "mixbct": {"method": {"name": "mixbct"}},
}  # fmt: skip
WAYS = ("replicated", "sharded")
TAKEN_UP = 4
"""Steps done at the checkpoint: inside the second of two epochs of three steps."""
RESUMED = ("nccl", "unibct", "advbct")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the old side."""
    return tmp_path_factory.mktemp("old")


@pytest.fixture(scope="module")
def runs(old: Path) -> dict[str, dict[str, Any]]:
    """Name -> changes of a run."""
    fields = olds.made(old, manifest(6))
    return {name: {"head": HEAD, "compat": fields | compat} for name, compat in RUNS.items()}


def _alone(job: Job) -> Result:
    torch.set_default_dtype(torch.float64)
    try:
        return trained(job, HERE)
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the checkpoints of two workers."""
    return tmp_path_factory.mktemp("kept")


def _with_checkpoints(name: str, changes: dict[str, Any], folder: Path) -> Job:
    changes = changes | {"class_rows": "sharded", "checkpoint_every": 1}
    return Job(f"kept {name}", changes, str(folder))


@pytest.fixture(scope="module")
def two(
    runs: dict[str, dict[str, Any]], kept: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Result]:
    """What two workers arrived at."""
    jobs = [
        Job(f"{name}, {way}", changes | {"class_rows": way})
        for name, changes in runs.items()
        for way in WAYS
    ]
    jobs += [_with_checkpoints(name, runs[name], kept / name) for name in RESUMED]
    jobs.append(Job("pieces", runs["mixbct"] | {"accumulate": 2}))
    return done(jobs, 2, tmp_path_factory.mktemp("two"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", RUNS)
def test_training_when_two_workers_share_the_batch_then_equals_one_worker(
    name: str, way: str, runs: dict[str, dict[str, Any]], two: dict[str, Result]
) -> None:
    wanted = _alone(Job(name, runs[name]))
    plain = _alone(Job("plain", {"head": HEAD}))
    assert not torch.equal(wanted["curves"], plain["curves"]), "the method does something"
    assert relative(two[f"{name}, {way}"], wanted) < 1e-6


def test_training_when_the_batch_is_cut_into_pieces_then_two_workers_equal_one(
    runs: dict[str, dict[str, Any]], two: dict[str, Result]
) -> None:
    assert relative(two["pieces"], _alone(Job("pieces", runs["mixbct"] | {"accumulate": 2}))) < 1e-6


def test_run_when_taken_up_inside_an_epoch_then_ends_as_if_undisturbed(
    runs: dict[str, dict[str, Any]], two: dict[str, Result], kept: Path, tmp_path: Path
) -> None:
    jobs = []
    for name in RESUMED:
        folder = tmp_path / name
        folder.mkdir()
        for path in (kept / name).glob(f"{TAKEN_UP:09d}.*"):
            shutil.copy(path, folder)
        jobs.append(_with_checkpoints(name, runs[name], folder))
    found = done(jobs, 2, tmp_path / "found")
    for name in RESUMED:
        whole = two[f"kept {name}"]
        rest = whole | {"curves": whole["curves"][TAKEN_UP:]}
        assert len(rest["curves"]) == 2
        for key, value in rest.items():
            assert torch.equal(found[f"kept {name}"][key], value), f"{name}: {key}"
