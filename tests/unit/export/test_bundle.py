"""Safetensors with a model card: the network comes back, the card says what it has to say."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from frlib.backbones import tiny
from frlib.core import discover, safeio
from frlib.core.errors import ConfigError, RecordError
from frlib.export import bundle, card
from frlib.records import declare, finished
from frlib.records.write import RunWriter
from tests.benchmarks.run import run as frlib
from tests.unit.export import runs

NET = tiny.Config(width=4, embedding_size=16)


def test_bundle_when_loaded_as_the_card_says_then_the_network_of_the_run(tmp_path: Path) -> None:
    folder = bundle.write(finished.find(runs.make(tmp_path, NET, 32)), tmp_path / "out")
    told = json.loads((folder / "config.json").read_text())
    module = discover.load("frlib.backbones", told["backbone"]["name"])
    config = module.Config.parse(told["backbone"])
    net = module.build(config, told["input"]["size"]).eval()
    net.load_state_dict(load_file(folder / "model.safetensors"))
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(net(images), runs.network(NET, 32)(images))
    assert told["sha256"] == safeio.sha256(folder / "model.safetensors")
    with safe_open(folder / "model.safetensors", "pt") as file:
        assert file.metadata() == {
            "format": "pt",
            "frlib": f"small/{runs.ARM}/r3",
            "manifest": "cafe0123",
        }


def test_bundle_when_written_then_no_file_names_a_path(tmp_path: Path) -> None:
    folder = bundle.write(finished.find(runs.make(tmp_path, NET, 32)), tmp_path / "out")
    assert sorted(path.name for path in folder.iterdir()) == sorted(bundle.FILES)
    for path in folder.iterdir():
        assert b"/private" not in path.read_bytes()
        assert str(tmp_path).encode() not in path.read_bytes()


def test_card_when_written_then_data_noise_head_and_metrics_are_told(tmp_path: Path) -> None:
    run = finished.find(runs.make(tmp_path, NET, 32))
    text = card.text(run, bundle.about(run) | {"sha256": "feed"})
    for part in (
        "| train | training | aa11 |",
        "| faces/images | benchmark | bb22 |",
        "4,321 images of 56 classes; manifest `cafe0123`",
        '"realised_ratio":0.25',
        '"name":"arcface"',
        "| faces | insightface5 | accuracy | 0.8765 | 600 |",
        "selection/auc 0.7500",
        "this card grants nothing",
        "sha256 `feed`",
    ):
        assert part in text
    assert "| selection" not in text


def test_card_when_there_was_no_benchmark_then_it_says_so(tmp_path: Path) -> None:
    run = finished.find(runs.make(tmp_path, NET, 32))
    run.metrics.clear()  # type: ignore[attr-defined]
    text = card.text(run, bundle.about(run) | {"sha256": "feed"})
    assert "No benchmark was part of this run." in text
    assert "Held-out" not in text


def test_bundle_when_the_folder_is_the_runs_own_then_error_and_the_model_stays(
    tmp_path: Path,
) -> None:
    run = finished.find(runs.make(tmp_path, NET, 32))
    before = run.model.read_bytes()
    with pytest.raises(ConfigError, match="a folder of its own"):
        bundle.write(run, run.folder)
    assert run.model.read_bytes() == before


def test_bundle_when_the_weights_are_of_another_network_then_error_and_nothing_written(
    tmp_path: Path,
) -> None:
    run = finished.find(runs.make(tmp_path, NET, 32))
    save_file({"backbone.other": torch.zeros(2)}, run.model)
    with pytest.raises(RecordError, match="does not fit the tiny"):
        bundle.write(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", ["cut", "head"])
def test_bundle_when_the_model_is_no_model_then_error_names_the_file(
    tmp_path: Path, damage: str
) -> None:
    run = finished.find(runs.make(tmp_path, NET, 32))
    if damage == "cut":
        run.model.write_bytes(run.model.read_bytes()[:100])
    else:
        save_file({"head.weight": torch.zeros(2)}, run.model)
    with pytest.raises(RecordError, match=r"model\.safetensors: (cannot be read|holds no tensor)"):
        bundle.write(run, tmp_path / "out")


def test_command_when_the_folder_is_wrong_then_one_message_and_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "x.onnx")
    assert frlib(monkeypatch, "export", "onnx", str(tmp_path), "--out", out) == 1
    assert "holds no model.safetensors" in capsys.readouterr().err


def test_command_when_a_run_is_given_then_folder_is_written_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = runs.make(tmp_path, NET, 32), tmp_path / "out"
    words = ("export", "safetensors", str(folder), "--out", str(out))
    assert frlib(monkeypatch, *words) == 0
    assert "model.safetensors, config.json, README.md" in capsys.readouterr().out
    assert (out / "README.md").is_file()


def test_find_when_a_run_of_another_arm_is_damaged_then_this_one_is_found(tmp_path: Path) -> None:
    folder = runs.make(tmp_path, NET, 32)
    study = folder.parents[2]
    declare.write_arm(
        study,
        {"arm": "f" * 16, "cell": {}, "params": {}, "config": {}, "datasets": {}, "default": False},
    )
    with RunWriter(study, study="small", arm="f" * 16, seed=0) as run:
        run.log({"selection/auc": 0.2}, epoch=1, step=5)
    next((study / "arms" / ("f" * 16)).rglob("metrics-*")).write_bytes(b"")
    assert finished.find(folder).metrics["selection/auc"] == 0.75


def test_known_when_a_run_was_copied_away_then_nothing_is_said_of_it(tmp_path: Path) -> None:
    folder = runs.make(tmp_path, NET, 32)
    assert finished.known(folder) == finished.find(folder)
    copied = tmp_path / "r3"
    folder.rename(copied)
    assert finished.known(copied) is None
    with pytest.raises(RecordError, match="not in the folder of a study"):
        finished.find(copied)


def test_about_when_a_run_began_with_files_then_no_path_is_told(tmp_path: Path) -> None:
    run = finished.find(runs.make(tmp_path, NET, 32))
    start = {"path": "/private/old", "sha256": "0123456789abcdef"}
    stage = {"name": "train", "changes": {"epochs": 1}, "start": start}
    config = {**run.config, "start": {"stage": "before"}, "stages": {"before": stage}}
    clean = {"path": "/private/findings.parquet", "sha256": "0123456789abcdef"}
    told = json.dumps(bundle.about(dataclasses.replace(run, config=config | {"clean": clean})))
    assert "private" not in told and told.count("0123456789abcdef") >= 2
