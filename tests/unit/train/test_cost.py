"""What a run has cost, whole and resumed, and what its groups show: runs of a second."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from frlib.backbones import tiny
from frlib.core.errors import ConfigError, RecordError
from frlib.data.config import DataConfig, Holdout
from frlib.data.sources import synth
from frlib.parallel.collectives import SINGLE
from frlib.records import spent
from frlib.records.ledger import completed, final_metrics
from frlib.train import cost, measuring, replicate
from frlib.train.config import TrainConfig
from frlib.train.energy import Counter
from frlib.train.place import Place
from frlib.train.reporter import silent
from tests.unit.train import worlds
from tests.unit.train.worlds import HERE

IMAGES, BATCH, EPOCHS = 6 * 4, 8, 3
"""Six of twelve people are trained on, four pictures each: three steps a pass."""
JOULES_A_READ = 5


class CutError(Exception):
    """The machine went away."""


def _config(**changes: Any) -> TrainConfig:
    values: dict[str, Any] = {
        "data": DataConfig(
            train=synth.Config(identities=12, images=4, groups=2),
            size=32,
            holdout={"fraction": 0.5, "num_pairs": 20, "folds": 1, "groups": "folder"},
        ),
        "backbone": tiny.Config(width=4, embedding_size=16),
        "epochs": EPOCHS,
        "batch_size": BATCH,
    }
    return TrainConfig(**(values | changes))


def _ticket(store: Path) -> replicate.Ticket:
    return replicate.Ticket(store, "s", "0123456789abcdef", 0)


def _cut(row: Mapping[str, float]) -> None:
    if row["epoch"] == 2:
        raise CutError


def _attempt(store: Path) -> Path:
    found = completed(_ticket(store).folder)
    assert found is not None
    return found


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that has taken five joules more whenever it is read."""
    reads = iter(range(10_000))
    one = Counter("package-0", lambda: JOULES_A_READ * next(reads), 1.0)
    monkeypatch.setattr(cost.energy, "packages", lambda: (one,))


def test_run_when_whole_then_counts_are_exact_and_the_rest_is_on_record(
    tmp_path: Path, counted: None
) -> None:
    row = replicate.run(_config(), _ticket(tmp_path), HERE, silent)
    found = final_metrics(_attempt(tmp_path))
    assert found["cost/images"] == IMAGES * EPOCHS
    network = tiny.build(tiny.Config(width=4, embedding_size=16), 32)
    assert found["cost/parameters"] == sum(p.numel() for p in network.parameters())
    assert found["cost/head_parameters"] == 6 * 16
    assert 0.05 < found["cost/gib"] < 64
    told = json.loads((_attempt(tmp_path) / "run.json").read_text())
    assert 0 < found["cost/seconds"] <= told["seconds"] < found["cost/seconds"] + 5
    assert found["cost/joules"] == JOULES_A_READ * (EPOCHS + 1), "after each pass, and at the end"
    assert told["facts"]["energy"] == ["package-0"]
    assert {name: row[name] for name in row if name.startswith("cost/")} == {
        name: value for name, value in found.items() if name.startswith("cost/")
    }


def test_run_when_resumed_then_images_as_if_whole_and_seconds_and_joules_of_both(
    tmp_path: Path, counted: None
) -> None:
    with pytest.raises(CutError):
        replicate.run(_config(), _ticket(tmp_path), HERE, _cut)
    first = _ticket(tmp_path).folder / "a0"
    told = json.loads((first / "run.json").read_text())
    (first / "run.json").write_text(json.dumps(told | {"seconds": 1000.0}))
    row = replicate.run(_config(), _ticket(tmp_path), HERE, silent)
    assert row["cost/images"] == IMAGES * EPOCHS
    assert 1000 < row["cost/seconds"] < 1300
    own = JOULES_A_READ * 3
    assert row["cost/joules"] == JOULES_A_READ * 2 + own, "the pass on record, one more, the end"
    assert final_metrics(_attempt(tmp_path))[spent.JOULES] == own


def test_run_when_it_ends_early_with_its_best_model_then_all_passes_are_paid_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = iter([0.9, 0.8, 0.7])
    monkeypatch.setattr(measuring.pairs10, "selection", lambda *_: {"selection/auc": next(values)})
    config = _config(stopping={"patience": 1, "model": "best"})
    row = replicate.run(config, _ticket(tmp_path), HERE, silent)
    assert row["selection/auc"] == 0.9
    assert row["cost/images"] == IMAGES * 2


def test_run_when_there_is_no_counter_then_no_joules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost.energy, "packages", tuple)
    row = replicate.run(_config(epochs=1), _ticket(tmp_path), HERE, silent)
    assert not {"cost/joules", spent.JOULES} & row.keys()
    assert "cost/seconds" in row


def test_run_when_an_earlier_attempt_is_damaged_then_it_ends_well_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(_: Path) -> spent.Spent:
        raise RecordError("metrics-00000.parquet: damaged")

    monkeypatch.setattr(spent, "before", damaged)
    row = replicate.run(_config(epochs=1), _ticket(tmp_path), HERE, silent)
    assert row["cost/images"] == IMAGES
    assert "cost/seconds" not in row
    assert list(_attempt(tmp_path).glob("events-*.parquet"))


def test_size_when_classes_are_shared_out_then_of_all_of_them() -> None:
    shared = Place(HERE.device, dataclasses.replace(SINGLE, size=2))
    half = worlds.state(worlds.config(class_rows="sharded"), place=shared).trainee
    assert half.head.weight.shape == (worlds.CLASSES // 2, 16)
    assert cost.size(half) == cost.size(worlds.state(worlds.config()).trainee)
    assert cost.size(half).head == worlds.CLASSES * 16


def test_run_when_people_are_in_groups_then_it_can_be_watched_for_the_worst(
    tmp_path: Path,
) -> None:
    config = _config(stopping={"metric": "worst_auc", "model": "best"}, epochs=2)
    row = replicate.run(config, _ticket(tmp_path), HERE, silent)
    assert {name for name in row if name.startswith("selection/")} == {
        f"selection/{name}"
        for name in (
            "auc", "accuracy", "eer", "worst_auc", "worst_accuracy",
            "g0/auc", "g0/accuracy", "g1/auc", "g1/accuracy",
        )
    }  # fmt: skip
    assert row["selection/worst_auc"] == min(row["selection/g0/auc"], row["selection/g1/auc"])


def test_config_when_the_worst_is_watched_without_groups_then_error_says_what_to_set() -> None:
    data = _config().data.model_copy(update={"holdout": Holdout(fraction=0.5)})
    with pytest.raises(ConfigError, match=r"there are no groups; set data\.holdout\.groups"):
        TrainConfig.parse({**dict(_config()), "data": data, "stopping": {"metric": "worst_auc"}})
