"""A finished run found by its folder: what is told of it, and which folders are refused."""

import shutil
from pathlib import Path

import pytest

from frlib.backbones import tiny
from frlib.core.errors import RecordError
from frlib.records import finished
from tests.unit.export import runs

NET = tiny.Config(width=4, embedding_size=16)


def test_find_when_complete_then_config_facts_and_last_metrics(tmp_path: Path) -> None:
    folder = runs.make(tmp_path, NET, 32)
    found = finished.find(folder)
    assert (found.study, found.arm, found.seed, found.size) == ("small", runs.ARM, 3, 32)
    assert found.metrics == {"faces/insightface10/accuracy": 0.87654, "selection/auc": 0.75}
    assert found.facts["manifest"] == "cafe0123"
    assert found.model == folder / "model.safetensors"


def test_find_when_the_arm_has_one_run_then_its_folder_is_enough(tmp_path: Path) -> None:
    folder = runs.make(tmp_path, NET, 32)
    assert finished.find(folder.parent) == finished.find(folder)


def test_find_when_the_arm_has_several_then_error_names_them(tmp_path: Path) -> None:
    folder = runs.make(tmp_path, NET, 32)
    shutil.copytree(folder, folder.with_name("r4"))
    with pytest.raises(RecordError, match=r"name one of .*r3, .*r4"):
        finished.find(folder.parent)


def test_find_when_there_is_no_model_then_error_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"holds no model\.safetensors.*arms/<arm>/r<seed>"):
        finished.find(tmp_path)


def test_find_when_copied_out_of_its_study_then_error(tmp_path: Path) -> None:
    folder = runs.make(tmp_path, NET, 32)
    away = tmp_path / "a" / "b" / "c" / "d"
    shutil.copytree(folder, away)
    with pytest.raises(RecordError, match="not in the folder of a study"):
        finished.find(away)


def test_find_when_not_complete_then_error_names_the_command(tmp_path: Path) -> None:
    folder = runs.make(tmp_path, NET, 32, ends=False)
    with pytest.raises(RecordError, match="frlib study run small"):
        finished.find(folder)
