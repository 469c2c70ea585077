"""A run with a tail: two workers follow one, choose the same people, and go on bit for bit.

Pairs of tail identities are those of all workers, so nothing depends on their number but rounding.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.distributed.training import Job, Result, done, relative, trained
from tests.unit.train.worlds import HERE

pytestmark = pytest.mark.dist

TAIL = {"identities": 4, "images_per_identity": 2, "bag": 6, "refill": 2, "weight": 5.0}
HEAD = {"name": "unequal", "scale": 16.0}
RUNS: dict[str, dict[str, Any]] = {
    "mined": {"head": HEAD, "tail": TAIL},
    "random": {"head": HEAD, "tail": TAIL | {"mined": False}, "augment": {"crop": 2}},
    "boundary, vit that draws": {
        "head": {"name": "boundary", "margin": 0.1, "first_corrected_epoch": 0},
        "backbone": {
            "name": "vit", "patch": 8, "embedding_size": 16, "drop_path": 0.2, "dropout": 0.1
        },
        "tail": TAIL,
        "epochs": 1,
    },
}  # fmt: skip
WAYS = ("replicated", "sharded")
TAKEN_UP = 3
"""Steps done at the checkpoint: in the middle of a queue of two."""


def _alone(job: Job) -> Result:
    """What one worker arrives at, in this process."""
    torch.set_default_dtype(torch.float64)
    try:
        return trained(job, HERE)
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="module")
def one() -> dict[str, Result]:
    """What one worker arrived at."""
    return {name: _alone(Job(name, changes)) for name, changes in RUNS.items()}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the checkpoints of two workers."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def two(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """What two workers arrived at."""
    jobs = [
        Job(f"{name}, {way}", changes | {"class_rows": way})
        for name, changes in RUNS.items()
        for way in WAYS
    ]
    jobs += [_with_checkpoints(way, kept / way) for way in WAYS]
    return done(jobs, 2, tmp_path_factory.mktemp("two"))


def _with_checkpoints(way: str, folder: Path) -> Job:
    return Job(
        f"kept {way}", RUNS["mined"] | {"class_rows": way, "checkpoint_every": 1}, str(folder)
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", RUNS)
def test_training_when_two_workers_share_batch_and_tail_then_equals_one_worker(
    name: str, way: str, one: dict[str, Result], two: dict[str, Result]
) -> None:
    found, wanted = two[f"{name}, {way}"], one[name]
    assert len(wanted["curves"]) >= 3 and wanted["tail.rows"].any()
    for key in ("tail.rows", "tail.first", "tail.mined", "flagged"):
        assert torch.equal(found[key], wanted[key]), key
    assert relative(found, wanted) < 1e-6


def _taken_up(way: str, kept: Path, folder: Path) -> Job:
    folder.mkdir()
    for path in (kept / way).glob(f"{TAKEN_UP:09d}.*"):
        shutil.copy(path, folder)
    return _with_checkpoints(way, folder)


def _rest(whole: Result) -> Result:
    """What a run has to show that was taken up."""
    rest = whole | {"curves": whole["curves"][TAKEN_UP:]}
    assert len(rest["curves"]) == 3
    return rest


def test_run_when_taken_up_inside_a_queue_then_ends_as_if_undisturbed(
    two: dict[str, Result], kept: Path, tmp_path: Path
) -> None:
    found = done([_taken_up(way, kept, tmp_path / way) for way in WAYS], 2, tmp_path / "found")
    for way in WAYS:
        for key, value in _rest(two[f"kept {way}"]).items():
            assert torch.equal(found[f"kept {way}"][key], value), f"{way}: {key}"


def test_run_when_taken_up_by_one_worker_then_ends_alike(
    two: dict[str, Result], kept: Path, tmp_path: Path
) -> None:
    found, wanted = _alone(_taken_up("sharded", kept, tmp_path / "one")), two["kept sharded"]
    assert torch.equal(found["tail.rows"], wanted["tail.rows"])
    assert relative(found, _rest(wanted)) < 1e-6
