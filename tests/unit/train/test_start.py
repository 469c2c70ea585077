"""Weights that a run starts from: which file is meant, and what is taken from it."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from frlib.backbones import iresnet, tiny
from frlib.core import safeio
from frlib.core.config import digest, override, to_dict
from frlib.core.errors import ConfigError, DataError
from frlib.heads.presets import arcface, subcenter
from frlib.train.checkpoint import save_model
from frlib.train.start import MODEL, Start
from frlib.train.state import State
from tests.unit.train.worlds import are_equal, config, state


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run that has ended, with weights of its own."""
    made = state(config())
    with torch.no_grad():
        for parameter in made.trainee.parameters():
            parameter.mul_(1.5).add_(0.01)
    made.trainee.backbone.get_buffer("bn1.running_mean").fill_(0.5)
    save_model(made.model(), tmp_path / "r0" / MODEL)
    return tmp_path / "r0"


def _begun(path: Path, *, classes: int = 6, **changes: Any) -> State:
    start = Start(path=str(path), **changes.pop("start", {}))
    return state(config(start=start, **changes), classes=classes)


def _part(made: State, name: str) -> dict[str, torch.Tensor]:
    return {n: t for n, t in made.trainee.state_dict().items() if n.startswith(name)}


def _stored(run: Path, name: str) -> dict[str, torch.Tensor]:
    return {n: t for n, t in load_file(run / MODEL).items() if n.startswith(name)}


def test_start_when_the_checksum_is_left_open_then_is_that_of_the_file(run: Path) -> None:
    whole = safeio.sha256(run / MODEL)
    by_folder, by_file = Start(path=str(run)), Start(path=str(run / MODEL))
    assert by_folder.sha256 == by_file.sha256 == whole[:16]
    assert Start(path=str(run), sha256=whole.upper()) == by_folder


def test_digest_when_the_file_is_elsewhere_then_is_equal_and_of_its_content(
    run: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(run, tmp_path / "other"))
    here = config(start=Start(path=str(run)))
    assert digest(here) == digest(config(start=Start(path=str(other))))
    gone = Start(path="/nowhere/model.safetensors", sha256=safeio.sha256(run / MODEL))
    assert digest(here) == digest(config(start=gone))
    assert digest(here) != digest(config())
    assert digest(here) != digest(config(start=Start(path=str(run), head=True)))
    weights = _stored(run, "")
    weights["backbone.fc.bias"] += 1
    save_model(weights, other / MODEL)
    assert digest(here) != digest(config(start=Start(path=str(other))))


def test_start_when_the_file_is_replaced_then_is_read_again(run: Path) -> None:
    before = Start(path=str(run)).sha256
    save_model({"head.weight": torch.ones(3)}, run / MODEL)
    os.utime(run / MODEL, ns=(1, 1))
    assert Start(path=str(run)).sha256 == safeio.sha256(run / MODEL)[:16] != before


def test_start_when_there_is_no_file_then_says_which_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone.pt: no such file, so nothing says which content"):
        Start.parse({"path": str(tmp_path / "gone.pt")})


@pytest.mark.parametrize("told", ["abc", "x" * 16])
def test_start_when_the_checksum_is_none_then_is_refused(told: str, run: Path) -> None:
    with pytest.raises(ConfigError, match="expected at least 16 digits of a checksum"):
        Start.parse({"path": str(run), "sha256": told})


def test_build_when_started_from_a_run_then_has_its_backbone_and_a_head_of_its_own(
    run: Path,
) -> None:
    made = _begun(run)
    assert are_equal(_part(made, "backbone."), _stored(run, "backbone."))
    assert are_equal(_part(made, "head."), _part(state(config()), "head."))


def test_build_when_the_head_is_asked_for_then_has_it_too(run: Path) -> None:
    made = _begun(run, start={"head": True})
    assert are_equal(_part(made, ""), _stored(run, ""))


def test_build_when_an_average_is_kept_then_begins_with_the_weights_read(run: Path) -> None:
    made = _begun(run, ema=0.9)
    assert made.average is not None
    averages = made.average.tensors()
    stored = _stored(run, "backbone.")
    assert all(torch.equal(averages[n], stored[n]) for n in stored if n in averages)


@pytest.mark.parametrize(
    ("classes", "head"), [(7, arcface.Config()), (6, subcenter.Config(loss_k=2))], ids=str
)
def test_build_when_the_head_is_of_others_then_says_so(classes: int, head: Any, run: Path) -> None:
    with pytest.raises(ConfigError, match="Build the head"):
        _begun(run, classes=classes, head=head, start={"head": True})
    _begun(run, classes=classes, head=head)


def test_build_when_the_backbone_is_another_then_says_so(run: Path) -> None:
    other = {"name": "tiny", "width": 8, "embedding_size": 16}
    with pytest.raises(DataError, match=r"not weights of this backbone: \d+ tensors differ"):
        _begun(run, backbone=other)


def test_build_when_the_file_has_changed_since_then_says_so(run: Path) -> None:
    start = {"sha256": "0" * 16}
    with pytest.raises(DataError, match=f"its checksum begins with .*, start.sha256 is {'0' * 16}"):
        _begun(run, start=start)


def test_build_when_the_file_is_gone_then_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must be seen from every worker"):
        _begun(tmp_path / "gone.pt", start={"sha256": "0" * 16})


def test_build_when_the_file_is_damaged_then_says_so(run: Path) -> None:
    data = (run / MODEL).read_bytes()
    (run / MODEL).write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match="damaged"):
        _begun(run)


@pytest.mark.parametrize(
    ("name", "backbone"),
    [
        ("w.pt", iresnet.Config(depth=18, embedding_size=16)),
        ("w.safetensors", tiny.Config(width=4, embedding_size=16)),
    ],
    ids=["torch", "safetensors"],
)
def test_build_when_started_from_public_weights_then_has_them(
    name: str, backbone: Any, tmp_path: Path
) -> None:
    torch.manual_seed(9)
    module = iresnet if backbone.name == "iresnet" else tiny
    weights, file = module.build(backbone, 32).state_dict(), tmp_path / name
    (save_file if name.endswith("safetensors") else torch.save)(weights, file)
    made = _begun(file, backbone=backbone)
    found = {n.removeprefix("backbone."): t for n, t in _part(made, "backbone.").items()}
    assert are_equal(found, weights)
    with pytest.raises(ConfigError, match=r"holds a backbone alone; leave start\.head off"):
        _begun(file, backbone=backbone, start={"head": True})


def test_digest_when_a_path_is_meant_then_says_nothing_of_stages(run: Path) -> None:
    assert to_dict(Start(path=str(run)), places=False).keys() == {"sha256", "head"}
    assert to_dict(Start(stage="pretrain"), places=False) == {"stage": "pretrain", "head": False}
    assert Start.parse(to_dict(Start(stage="pretrain"))) == Start(stage="pretrain")


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({}, "expected one of the two"),
        ({"head": True}, "expected one of the two"),
        ({"path": "x", "stage": "y"}, r"path='x' and stage='y': expected one of the two"),
        ({"stage": "y", "sha256": "0" * 16}, "a checksum is of the file that a path leads to"),
    ],
    ids=str,
)
def test_start_when_path_and_stage_do_not_fit_then_says_which(
    told: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Start.parse(told)


def test_start_when_the_path_is_a_text_from_where_the_user_stands_then_holds_everywhere(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parent)
    found = override(config(), [f"start={run.name}"])
    assert found.start == Start(path=str(run))
    told = override(config(), ["start.head=true", f"start={run.name}"]).start
    assert told == Start(path=str(run), head=True)
    monkeypatch.chdir("/")
    assert are_equal(_part(state(found), "backbone."), _stored(run, "backbone."))
