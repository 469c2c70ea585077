"""Checkpoints: which are kept, which is gone on with, what is none."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from frlib.core.errors import RecordError
from frlib.heads.presets import curricular, subcenter
from frlib.optimisers import adamw, sgd
from frlib.train import checkpoint
from frlib.train.keeper import Keeper
from tests.unit.train.worlds import (
    CLASSES,
    HERE,
    are_equal,
    config,
    copied,
    keeper,
    state,
    train_on,
    trained,
)


def _write(folder: Path, scores: list[float | None], *, newest: int, lowest: bool) -> list[int]:
    """Steps that are left after one checkpoint for each score."""
    made = state(config())
    one = Keeper(folder, HERE, newest=newest, lowest_is_best=lowest)
    for score in scores:
        made.progress.step += 1
        one.save(made, score)
    one.wait()
    left = sorted(path.name for path in folder.iterdir())
    steps = sorted({int(name.partition(".")[0]) for name in left})
    assert left == [f"{n:09d}.{kind}" for n in steps for kind in ("json", "safetensors")]
    return steps


@pytest.mark.parametrize(
    ("newest", "lowest", "left"),
    [(1, False, [2, 6]), (2, False, [2, 5, 6]), (1, True, [4, 6]), (5, True, [2, 3, 4, 5, 6])],
)
def test_keep_when_more_are_written_then_the_newest_and_the_best_are_left(
    newest: int, lowest: bool, left: list[int], tmp_path: Path
) -> None:
    scores = [0.5, 0.9, None, 0.1, 0.9, float("nan")]
    assert _write(tmp_path, scores, newest=newest, lowest=lowest) == left


def test_restore_best_when_some_are_measured_then_takes_the_first_of_the_best(
    tmp_path: Path,
) -> None:
    _write(tmp_path, [0.5, 0.9, None, 0.1, 0.9, float("nan")], newest=9, lowest=False)
    for lowest, wanted in ((False, 2), (True, 4)):
        made = state(config())
        kept = Keeper(tmp_path, HERE, newest=9, lowest_is_best=lowest)
        assert kept.restore_best(made)
        assert made.step == wanted
        assert kept.restore(made)
        assert made.step == 6


def test_restore_best_when_none_is_measured_then_is_false(tmp_path: Path) -> None:
    _write(tmp_path, [None, float("nan")], newest=9, lowest=False)
    made = state(config())
    assert not keeper(tmp_path).restore_best(made)
    assert made.step == 0


@pytest.mark.parametrize("optimiser", [sgd.Config(), adamw.Config()], ids=lambda o: o.name)
def test_restore_when_of_the_same_run_then_goes_on_bit_equal(
    optimiser: Any, tmp_path: Path
) -> None:
    changes = {"optimiser": optimiser, "ema": 0.9, "head": curricular.Config(scale=16.0)}
    made, other = trained(**changes), state(config(**changes))
    made.losses = torch.tensor([1.0, 2.0])
    made.progress.last_row = {"train/loss": 3.0}
    made.progress.rate, made.progress.waited, made.progress.score = 0.25, 2, 0.7
    kept = keeper(tmp_path)
    kept.save(made)
    wanted = copied(made.tensors())
    train_on(made)
    assert kept.restore(other)
    assert are_equal(other.tensors(), wanted)
    assert other.progress.last_row == {"train/loss": 3.0}
    assert (other.progress.rate, other.progress.waited, other.progress.score) == (0.25, 2, 0.7)
    train_on(other)
    assert are_equal(other.tensors(), made.tensors())
    assert other.numbers() == made.numbers()


def test_restore_when_precision_is_float16_then_the_scale_goes_on(tmp_path: Path) -> None:
    made, other = (state(config(), precision="float16") for _ in range(2))
    made.scale.restore({"scale": 128.0, "good": 5})
    kept = keeper(tmp_path)
    kept.save(made)
    assert kept.restore(other)
    assert other.scale.numbers() == {"scale": 128.0, "good": 5}


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "classes": ({}, "of 6 classes, this run has 7"),
    "width": ({"backbone": {"name": "tiny", "width": 8, "embedding_size": 16}}, "not fit"),
    "embedding": ({"backbone": {"name": "tiny", "width": 4, "embedding_size": 8}}, "not fit"),
    "head": ({"head": subcenter.Config(loss_k=2)}, "not fit"),
    "optimiser": ({"optimiser": adamw.Config()}, "optimiser.exp_avg"),
    "momentum": ({"optimiser": sgd.Config(momentum=0.0)}, "expected none"),
    "average": ({"ema": 0.9}, "average.*missing"),
    "frozen": ({"freeze": ("head",)}, "optimiser.momentum_buffer.head.weight"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_restore_when_of_another_run_then_is_refused_and_nothing_changes(
    name: str, tmp_path: Path
) -> None:
    changes, message = OTHERS[name]
    made = trained()
    kept = keeper(tmp_path)
    kept.save(made)
    classes = 7 if name == "classes" else CLASSES
    other = state(config(**changes), classes=classes)
    before, numbers = copied(other.tensors()), other.numbers()
    with pytest.raises(RecordError, match=message):
        kept.restore(other)
    assert are_equal(other.tensors(), before)
    assert other.numbers() == numbers


def test_restore_when_numbers_are_missing_then_is_refused_and_nothing_changes() -> None:
    made, other = trained(), state(config())
    before = copied(other.tensors())
    numbers = made.numbers()
    del numbers["waited"]
    with pytest.raises(RecordError, match="no waited: another version"):
        other.restore(made.tensors(), numbers)
    assert are_equal(other.tensors(), before)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"step": 2, "at_score": 1.0}'])
def test_restore_when_the_newest_json_is_damaged_then_takes_the_one_before(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _write(tmp_path, [0.5, 0.9], newest=2, lowest=False)
    (tmp_path / "000000002.json").write_text(text)
    made = state(config())
    kept = keeper(tmp_path)
    assert kept.restore(made)
    assert made.step == 1
    assert "000000002.json is damaged" in caplog.text
    assert kept.restore_best(made) and made.step == 1
    made.progress.step = 3
    kept.save(made)
    kept.wait()
    assert kept.restore(made) and made.step == 3


@pytest.mark.parametrize("damage", ["flipped", "short", "missing"])
def test_restore_when_the_newest_tensors_are_damaged_then_takes_the_one_before(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _write(tmp_path, [None, None], newest=2, lowest=False)
    path = tmp_path / "000000002.safetensors"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(data if damage == "flipped" else data[:-9])
    made = state(config())
    assert keeper(tmp_path).restore(made)
    assert made.step == 1
    assert "damaged" in caplog.text


def test_clear_when_the_run_is_over_then_nothing_is_left(tmp_path: Path) -> None:
    _write(tmp_path, [0.5, 0.9], newest=2, lowest=False)
    keeper(tmp_path).clear()
    assert not list(tmp_path.iterdir())
    assert not keeper(tmp_path).restore(state(config()))


def test_numbers_when_written_then_are_plain_json_with_a_checksum(tmp_path: Path) -> None:
    made = trained()
    path = checkpoint.write(checkpoint.Snapshot.of(made, 0.5), tmp_path)
    found = json.loads(path.read_text())
    assert found["at_score"] == 0.5 and len(found.pop("sha256")) == 64
    del found["at_score"]
    assert found == made.numbers()


def test_keep_when_the_run_went_on_from_before_a_damaged_one_then_it_takes_no_place(
    tmp_path: Path,
) -> None:
    made = trained()
    kept = keeper(tmp_path)
    kept.save(made, 0.5)
    train_on(made)
    train_on(made)
    kept.save(made, 0.9)
    kept.wait()
    newest = tmp_path / "000000004.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    assert kept.restore(made) and made.step == 2
    train_on(made)
    kept.save(made, 0.4)
    kept.wait()
    assert sorted(path.stem for path in tmp_path.glob("*.json")) == ["000000002", "000000003"]
    assert kept.restore(made) and made.step == 3
    assert kept.restore_best(made) and made.step == 2
