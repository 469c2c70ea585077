"""The stage that trains: what its artefact holds, and that an interruption changes nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from frlib.records import finished, read
from frlib.stages import Job
from frlib.stages import train as stage
from frlib.train import replicate, reporter
from frlib.train.config import TrainConfig
from frlib.train.start import MODEL, Start
from tests.unit.stages.runs import config, staged
from tests.unit.train.worlds import HERE, are_equal

DIGEST = "0123456789abcdef"


class CutError(Exception):
    """The machine went away."""


def _job(store: Path, run: TrainConfig, name: str = "pretrain", **inputs: Path) -> Job:
    own = run.stages[name]
    return Job(run, own, DIGEST, 0, store, HERE, inputs, {"train": "t0"})


def _produced(folder: Path, job: Job) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    return stage.produce(job, folder)


def _by_hand(store: Path, run: TrainConfig) -> Path:
    ticket = replicate.Ticket(store, "hand", DIGEST, 0)
    replicate.run(run, ticket, HERE, reporter.silent)
    return ticket.folder


def test_produce_when_done_then_holds_weights_and_records_of_the_changed_run(
    tmp_path: Path,
) -> None:
    facts = _produced(tmp_path / "made", _job(tmp_path, staged()))
    hand = _by_hand(tmp_path, config(epochs=1, head="softmax"))
    found = finished.find(stage.weights(tmp_path / "made"))
    assert are_equal(load_file(found.model), load_file(hand / MODEL))
    assert found.config["epochs"] == 1 and found.config["head"]["name"] == "softmax"
    assert found.datasets == {"train": "t0"}
    assert facts["metrics"]["selection/auc"] == found.metrics["selection/auc"]
    (arm,) = read.load(tmp_path / "made").arm_list
    assert (arm.digest, arm.status) == (DIGEST, "complete")


def test_produce_when_interrupted_then_goes_on_from_its_checkpoint_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {"name": "train", "changes": {"epochs": 3}}
    job = _job(tmp_path, staged(stages={"pretrain": before}))
    _produced(tmp_path / "whole", job)

    def cut(row: Mapping[str, float]) -> None:
        if row["epoch"] == 2:
            raise CutError

    with monkeypatch.context() as patched:
        patched.setattr(reporter, "silent", cut)
        with pytest.raises(CutError):
            _produced(tmp_path / "cut", job)
    _produced(tmp_path / "cut", job)
    whole, cut_ = (stage.weights(tmp_path / name) / MODEL for name in ("whole", "cut"))
    assert are_equal(load_file(whole), load_file(cut_))
    metrics = read.load(tmp_path / "cut").metrics
    assert metrics[metrics["attempt"] == 1]["epoch"].min() >= 2, "it did not start over"


def test_produce_when_it_was_done_but_not_published_then_is_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _produced(tmp_path / "made", _job(tmp_path, staged()))
    monkeypatch.setattr(replicate, "run", None)
    assert _produced(tmp_path / "made", _job(tmp_path, staged())) == first


@pytest.mark.parametrize("head", [False, True])
def test_produce_when_it_starts_from_another_stage_then_as_by_hand(
    head: bool, tmp_path: Path
) -> None:
    stages = {
        "first": {"name": "train", "changes": {"epochs": 1}},
        "pretrain": {
            "name": "train",
            "changes": {"epochs": 1, "optimiser.lr": 0.02},
            "start": {"stage": "first", "head": head},
        },
    }
    run = staged(stages=stages)
    _produced(tmp_path / "first", _job(tmp_path, run, "first"))
    _produced(tmp_path / "second", _job(tmp_path, run, first=tmp_path / "first"))
    begun = config(epochs=1)
    start = Start(path=str(_by_hand(tmp_path, begun)), head=head)
    other = TrainConfig.parse(
        {
            **{name: getattr(begun, name) for name in TrainConfig.model_fields},
            "start": start,
            "optimiser": begun.optimiser.model_copy(update={"lr": 0.02}),
        }
    )
    ticket = replicate.Ticket(tmp_path, "hand", "another", 0)
    replicate.run(other, ticket, HERE, reporter.silent)
    made = stage.weights(tmp_path / "second") / MODEL
    assert are_equal(load_file(made), load_file(ticket.folder / MODEL))
