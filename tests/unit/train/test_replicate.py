"""When a replicate ends, which of its models counts, and that an interruption changes neither."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from frlib.parallel.collectives import SingleGroup
from frlib.records.ledger import completed, final_metrics
from frlib.train import measuring, replicate
from frlib.train.config import TrainConfig
from frlib.train.place import Place
from frlib.train.replicate import Ticket
from frlib.train.reporter import silent
from frlib.train.start import MODEL
from frlib.train.state import Progress
from tests.integration import mini
from tests.unit.train.worlds import HERE, are_equal


class CutError(Exception):
    """The machine went away."""


class Selection:
    """Stands in for the held-out identities: values in order, and the weights that they were of."""

    def __init__(self, values: list[float]) -> None:
        self._values: Iterator[float] = iter(values)
        self.seen: list[dict[str, Tensor]] = []

    def __call__(self, view: Any, *_: object) -> dict[str, float]:
        weights = view.backbone.state_dict()
        self.seen.append({name: tensor.clone() for name, tensor in weights.items()})
        value = next(self._values)
        return {f"selection/{name}": value for name in ("auc", "accuracy", "eer")}


def _config(**changes: Any) -> TrainConfig:
    base = mini.study().base
    data = base.data.model_copy(update={"benchmarks": ()})
    return TrainConfig.parse({**dict(base), "data": data, "epochs": 5} | changes)


def _ticket(store: Path) -> Ticket:
    return Ticket(store, "s", "0123456789abcdef", 0)


def _patch(monkeypatch: pytest.MonkeyPatch, values: list[float]) -> Selection:
    selection = Selection(values)
    monkeypatch.setattr(measuring.pairs10, "selection", selection)
    return selection


def _cut(at: int) -> Any:
    def report(row: Mapping[str, float]) -> None:
        if row["epoch"] == at:
            raise CutError

    return report


def _model(store: Path) -> dict[str, Tensor]:
    """The backbone of the finished model."""
    tensors = load_file(_ticket(store).folder / MODEL)
    start = "backbone."
    return {n.removeprefix(start): t for n, t in tensors.items() if n.startswith(start)}


def _told(store: Path, attempt: int = 0) -> Any:
    (path,) = _ticket(store).folder.glob(f"**/*{attempt}/run.json")
    return json.loads(path.read_text())


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_run_when_patience_is_at_an_end_then_ends_in_the_same_epoch_resumed_or_not(
    cut: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [0.6, 0.8, 0.7, 0.8, 0.9]
    run = _config(stopping={"patience": 2})
    _patch(monkeypatch, values)
    whole = replicate.run(run, _ticket(tmp_path / "whole"), HERE, silent)
    _patch(monkeypatch, values)
    with pytest.raises(CutError):
        replicate.run(run, _ticket(tmp_path / "cut"), HERE, _cut(cut))
    rest = replicate.run(run, _ticket(tmp_path / "cut"), HERE, silent)
    assert whole["selection/auc"] == rest["selection/auc"] == 0.8
    assert whole["train/loss"] == rest["train/loss"]
    assert are_equal(_model(tmp_path / "whole"), _model(tmp_path / "cut"))
    facts = _told(tmp_path / "whole")["facts"]
    assert facts["model"] == {"epoch": 4, "step": 4 * mini.STEPS}
    assert not list((_ticket(tmp_path / "cut").folder / "checkpoints").iterdir())


@pytest.mark.parametrize(("metric", "best"), [("auc", 2), ("eer", 1)])
@pytest.mark.parametrize("cut", [0, 3])
def test_run_when_the_best_model_counts_then_it_is_kept(
    metric: str, best: int, cut: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    selection = _patch(monkeypatch, [0.6, 0.9, 0.7, 0.8, 0.65])
    run = _config(stopping={"model": "best", "metric": metric}, keep_checkpoints=1)
    if cut:
        with pytest.raises(CutError):
            replicate.run(run, _ticket(tmp_path), HERE, _cut(cut))
    row = replicate.run(run, _ticket(tmp_path), HERE, silent)
    attempt = completed(_ticket(tmp_path).folder)
    assert attempt is not None
    value = {2: 0.9, 1: 0.6}[best]
    assert row["selection/auc"] == final_metrics(attempt)["selection/auc"] == value
    assert len(selection.seen) == 5
    assert are_equal(_model(tmp_path), selection.seen[best - 1])
    assert not are_equal(_model(tmp_path), selection.seen[-1])


def test_run_when_an_average_is_kept_then_it_is_what_is_evaluated_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for ema in (0.0, 0.9):
        selection = _patch(monkeypatch, [0.5] * 5)
        replicate.run(_config(ema=ema), _ticket(tmp_path / str(ema)), HERE, silent)
        assert are_equal(_model(tmp_path / str(ema)), selection.seen[-1])
        found[ema] = selection.seen
    for plain, averaged in zip(found[0.0], found[0.9], strict=True):
        assert not torch.equal(plain["fc.weight"], averaged["fc.weight"])
        assert torch.equal(plain["bn1.running_mean"], averaged["bn1.running_mean"])


def test_run_when_nobody_measures_here_then_the_first_workers_value_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after a resume, where this worker knows the value of an epoch before."""

    class First(SingleGroup):
        def max(self, values: Tensor) -> Tensor:
            if values.dtype != torch.float64:
                return values
            return torch.stack([values[0].clamp(min=0.2), values[1]])

    class Another(Place):
        is_first = False

    noted: list[float] = []
    _patch(monkeypatch, [0.9])
    with pytest.raises(CutError):
        replicate.run(_config(), _ticket(tmp_path), HERE, _cut(1))
    note = Progress.note
    monkeypatch.setattr(
        Progress, "note", lambda own, score, how: (noted.append(score), note(own, score, how))[1]
    )
    replicate.run(_config(), _ticket(tmp_path), Another(HERE.device, First()), silent)
    assert noted == [0.2] * 4


def test_run_when_only_some_epochs_are_evaluated_then_the_others_have_no_value_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _patch(monkeypatch, [0.6, 0.7, 0.8, 0.9])
    reported: dict[int, float] = {}

    def report(row: Mapping[str, float]) -> None:
        reported[int(row["epoch"])] = row["selection/auc"]

    replicate.run(_config(select_every=2), _ticket(tmp_path), HERE, report)
    files = sorted(_ticket(tmp_path).folder.glob("**/metrics-*.parquet"))
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    measured = {row["epoch"]: row["value"] for row in rows if row["name"] == "selection/auc"}
    assert measured == {1: 0.6, 2: 0.7, 4: 0.8, 5: 0.9}
    assert {row["epoch"] for row in rows if row["name"] == "time/selection"} == {1, 2, 4, 5}
    assert reported == {1: 0.6, 2: 0.7, 3: 0.7, 4: 0.8, 5: 0.9}


def test_run_when_checkpoints_are_taken_inside_epochs_then_their_time_is_in_the_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = replicate.Keeper.save

    def slow(*given: Any) -> None:
        time.sleep(0.05)
        save(*given)

    monkeypatch.setattr(replicate.Keeper, "save", slow)
    _patch(monkeypatch, [0.5])
    row = replicate.run(_config(epochs=1, checkpoint_every=1), _ticket(tmp_path), HERE, silent)
    assert row["time/checkpoint"] >= 0.05 * (mini.STEPS + 1)
