"""What earlier attempts of a replicate took."""

import json
from pathlib import Path

import pytest

from frlib.records import read, spent
from frlib.records.declare import write_study
from frlib.records.write import RunWriter


def _attempt(folder: Path, seed: int = 0) -> RunWriter:
    return RunWriter(folder, study="s", arm="a", seed=seed)


def _told(attempt: Path) -> dict:
    return json.loads((attempt / "run.json").read_text())


def _set(attempt: Path, **values: object) -> None:
    (attempt / "run.json").write_text(json.dumps(_told(attempt) | values))


def _row(name: str, value: float, time: float) -> dict:
    return {"name": name, "value": value, "time": time}


def test_before_when_attempts_ended_or_were_killed_then_all_and_no_others(tmp_path: Path) -> None:
    ended = _attempt(tmp_path)
    ended.metrics([_row(spent.JOULES, 30.0, 5.0), _row(spent.JOULES, 70.0, 6.0)])
    ended.finish("failed", "x")
    _set(ended.folder, seconds=10.0)
    killed = _attempt(tmp_path)
    killed.metrics([_row(spent.JOULES, 5.0, 1_000_007.5), _row("train/loss", 1.0, 1_000_008.0)])
    killed.flush()
    _set(killed.folder, started="1970-01-12T13:46:40+00:00")
    silent = _attempt(tmp_path)
    other = _attempt(tmp_path, seed=1)
    other.metrics([_row(spent.JOULES, 1000.0, 1.0)])
    other.finish("complete")
    last = _attempt(tmp_path)
    assert (silent.attempt, last.attempt) == (2, 3)
    found = spent.before(last.folder)
    assert found.seconds == pytest.approx(18.0)
    assert found.joules == 75.0
    whole = spent.of(ended.folder.parent)
    assert (whole.seconds, whole.joules) == (pytest.approx(18.0), 75.0)
    assert spent.before(ended.folder) == spent.Spent(0, 0)


def test_before_when_a_later_attempt_exists_then_it_does_not_count(tmp_path: Path) -> None:
    first, second = _attempt(tmp_path), _attempt(tmp_path)
    second.finish("failed", "x")
    assert spent.before(first.folder).seconds == 0


def test_seconds_when_asked_for_a_study_then_the_same_as_before_its_next_attempt(
    tmp_path: Path,
) -> None:
    write_study(tmp_path, {"name": "s"})
    killed = _attempt(tmp_path)
    killed.log({"train/loss": 1.0}, epoch=1, step=1)
    killed.flush()
    whole = _attempt(tmp_path)
    whole.finish("complete")
    _set(whole.folder, seconds=2.0)
    arm = tmp_path / "arms" / "a" / "arm.json"
    keys = {"cell": {}, "params": {}, "config": {}, "datasets": {}, "default": True}
    arm.write_text(json.dumps({"arm": "a", **keys}))
    total = read.outline(tmp_path).seconds()["value"].item()
    assert total == pytest.approx(spent.before(_attempt(tmp_path).folder).seconds)
