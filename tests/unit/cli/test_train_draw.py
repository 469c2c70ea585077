"""`frlib train draw`: what it says when there is nothing to draw. Figures: tests/analysis."""

from pathlib import Path

import pytest

from frlib.records import declare
from tests.benchmarks.run import run as frlib


def test_draw_when_the_folder_is_no_run_then_error_says_which_is_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frlib(monkeypatch, "train", "draw", str(tmp_path)) == 1
    told = capsys.readouterr().err
    assert str(tmp_path) in told and "<store>/studies/<study>/arms/<arm>/r<seed>" in told


def test_draw_when_the_replicate_has_not_begun_then_error_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declare.write_study(tmp_path / "s", {"name": "s"})
    arm = {"arm": "a", "cell": {}, "params": {}, "config": {}, "datasets": {}, "default": True}
    declare.write_arm(tmp_path / "s", arm)
    run = tmp_path / "s" / "arms" / "a" / "r0"
    assert frlib(monkeypatch, "train", "draw", str(run)) == 1
    assert f"{run}: no attempt of a run is recorded" in capsys.readouterr().err


def test_draw_when_the_suffix_is_unknown_then_nothing_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "schedule.jpg"
    assert frlib(monkeypatch, "train", "draw", str(tmp_path), "--out", str(out)) == 2
    assert ".png, .svg, .pdf; found '.jpg'" in capsys.readouterr().err
