"""A pre-training that two arms share: trained once a seed, and as if it had been done by hand."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from frlib.artifacts.store import Artifacts
from frlib.core.config import override
from frlib.train import replicate
from frlib.train.config import TrainConfig
from frlib.train.replicate import Ticket
from frlib.train.reporter import silent
from frlib.train.start import MODEL, Start
from tests.integration.command import frlib, started
from tests.integration.mini import STEPS
from tests.unit.train.worlds import HERE, are_equal

STUDY = str(Path(__file__).with_name("staged.py"))
WORDS = ("study", "run", STUDY, "--no-mlflow", "--store")
pytestmark = pytest.mark.ray


def _runs(store: Path) -> list[dict[str, Any]]:
    found = store.glob("studies/staged/arms/*/r*/a*/run.json")
    return [json.loads(path.read_text()) for path in sorted(found)]


def _attempts(store: Path) -> list[str]:
    """Of all trainings of the stage."""
    found = store.glob("artifacts/train/*/arms/*/r*/a*/run.json")
    return sorted(path.parent.name for path in found)


def _by_hand(store: Path, arm: str) -> Path:
    """The first replicate of an arm: trained before, then started from the path."""
    (told,) = store.glob(f"studies/staged/arms/{arm}/arm.json")
    run = TrainConfig.parse(json.loads(told.read_text())["config"])
    plain = {name: getattr(run, name) for name in TrainConfig.model_fields}
    plain |= {"start": None, "stages": {}}
    first = override(TrainConfig.parse(plain), ["epochs=1", "head=softmax"])
    before, after = (Ticket(store / "hand", "hand", name, 0) for name in ("before", "after"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        replicate.run(first, before, HERE, silent)
        start = Start(path=str(before.folder))
        replicate.run(TrainConfig.parse(plain | {"start": start}), after, HERE, silent)
    finally:
        torch.set_num_threads(threads)
    return after.folder / MODEL


def test_run_when_arms_share_a_stage_then_it_is_trained_once_a_seed_and_as_by_hand(
    tmp_path: Path,
) -> None:
    result = frlib(*WORDS, str(tmp_path))
    assert result.returncode == 0, result.stdout + result.stderr
    runs, entries = _runs(tmp_path), Artifacts(tmp_path).entries()
    assert [run["status"] for run in runs] == ["complete"] * 4
    assert _attempts(tmp_path) == ["a0", "a0"]
    used = {(run["seed"], run["facts"]["artifacts"]["pretrain"]) for run in runs}
    assert len(used) == 2 and {name for _, name in used} == {entry.name for entry in entries}
    assert all(wrong == "" for _, wrong in Artifacts(tmp_path).verify())
    model = tmp_path / "studies/staged/arms" / runs[0]["arm"] / "r0" / MODEL
    assert are_equal(load_file(model), load_file(_by_hand(tmp_path, runs[0]["arm"])))
    again = frlib(*WORDS, str(tmp_path))
    assert again.returncode == 0 and len(_runs(tmp_path)) == 4, again.stderr


@pytest.mark.slow
def test_run_when_killed_in_a_stage_then_running_again_goes_on_from_its_checkpoint(
    tmp_path: Path,
) -> None:
    long = ("--set", "base.stages.pretrain.changes.epochs=120", "--set", "replicates.seeds=[0]")
    driver = started(tmp_path / "printed", *WORDS, str(tmp_path), *long)
    folder = "artifacts/train/.*.aside-*/arms/*/r0/checkpoints/*.json"
    end = time.monotonic() + 300
    try:
        while not [p for p in tmp_path.glob(folder) if int(p.stem) >= 3 * STEPS]:
            assert time.monotonic() < end, "no checkpoint appeared"
            time.sleep(0.02)
    finally:
        os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()
    assert Artifacts(tmp_path).entries() == ()
    result = frlib(*WORDS, str(tmp_path), *long)
    assert result.returncode == 0, result.stdout + result.stderr
    (entry,) = Artifacts(tmp_path).entries()
    assert _attempts(tmp_path) == ["a0", "a1"]
    (first,) = entry.folder.glob("arms/*/r0/a1/metrics-00000.parquet")
    assert min(pq.read_table(first)["epoch"].to_pylist()) >= 3, "it did not start over"


@pytest.mark.slow
def test_run_when_two_workers_train_then_the_stage_is_trained_by_two_as_well(
    tmp_path: Path,
) -> None:
    sets = ("--set", "resources.workers=2", "--set", "replicates.seeds=[0]")
    result = frlib(*WORDS, str(tmp_path), *sets)
    assert result.returncode == 0, result.stdout + result.stderr
    assert [run["status"] for run in _runs(tmp_path)] == ["complete"] * 2
    (told,) = tmp_path.glob("artifacts/train/*/arms/*/r0/a0/run.json")
    assert json.loads(told.read_text())["facts"]["workers"] == 2
    (entry,) = Artifacts(tmp_path).entries()
    assert entry.facts["metrics"]["train/loss"] > 0
