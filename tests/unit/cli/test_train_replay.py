"""`frlib train replay`: exit code 1 while the step is not finite."""

import json
from pathlib import Path

import pytest

from frlib.core.errors import NumericsError
from frlib.optimisers import sgd
from frlib.train.loop import epochs
from tests.benchmarks.run import run as frlib
from tests.unit.train.worlds import HERE, config, manifest, pixels


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A step of a run with a wild rate."""
    folder = tmp_path_factory.mktemp("run")
    wild = config(optimiser=sgd.Config(lr=1e30, clip_norm=0.0))
    with pytest.raises(NumericsError):
        list(epochs(wild, manifest(), pixels(), seed=0, place=HERE, folder=folder))
    (found,) = (folder / "failures").iterdir()
    return found


def test_replay_when_not_finite_again_then_exit_code_is_one_and_both_are_shown(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frlib(monkeypatch, "train", "replay", str(kept)) == 1
    told = capsys.readouterr().out
    facts = json.loads((kept / "failure.json").read_text())
    assert f"step {facts['step']} of epoch" in told
    assert told.count(facts["diagnosis"]["layer"]) >= 2
    assert f"images: {', '.join(facts['images'])}" in told


def test_replay_when_as_json_then_holds_then_and_now(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("train", "replay", str(kept), "--set", "head.form=reference", "--json")
    assert frlib(monkeypatch, *words) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["finite"] is False
    assert told["now"]["layer"] == told["then"]["layer"]


def test_replay_when_something_is_set_then_says_with_what(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frlib(monkeypatch, "train", "replay", str(kept), "--set", "precision=bfloat16") == 1
    assert "done again with precision=bfloat16" in capsys.readouterr().out


def test_replay_when_the_folder_is_no_failure_then_says_which_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frlib(monkeypatch, "train", "replay", str(tmp_path)) == 1
    assert "holds no failure.json" in capsys.readouterr().err
