"""A step that was kept is done again: the same layer, the same loss; or what if."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from frlib.core import safeio
from frlib.core.errors import ConfigError, NumericsError, RecordError
from frlib.heads.presets import arcface
from frlib.optimisers import sgd
from frlib.train import diagnosis, failure, replay, trouble
from frlib.train.config import TrainConfig
from frlib.train.loop import epochs
from tests.unit.train.worlds import HERE, are_equal, config, copied, manifest, pixels

WILD = sgd.Config(lr=1e30, clip_norm=0.0)


def _fail(run: TrainConfig, folder: Path) -> Path:
    """Where its bad step is kept."""
    with pytest.raises(NumericsError):
        list(epochs(run, manifest(), pixels(), seed=0, place=HERE, folder=folder))
    (found,) = (folder / "failures").iterdir()
    return found


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A step of a run with a wild rate."""
    return _fail(config(optimiser=WILD), tmp_path_factory.mktemp("run"))


@pytest.fixture
def copy(kept: Path, tmp_path: Path) -> Path:
    """The same, to be damaged."""
    return Path(shutil.copytree(kept, tmp_path / kept.name))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"accumulate": 4},
        {"augment": {"crop": 2, "contrast": 0.3}},
        {"head": arcface.Config(sample_rate=0.5), "sampling": "class_balanced"},
        {"ema": 0.9},
    ],
    ids=lambda changes: ", ".join(changes) or "plain",
)
def test_replay_when_done_again_then_finds_the_same(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    folder = _fail(config(optimiser=WILD, **changes), tmp_path)
    found = replay.replay(folder)
    assert not found.is_finite and found.differs == ()
    assert found.now.to_json() == found.then
    assert found.now.layer and f"step-{found.step:09d}" == folder.name
    assert found.epoch == found.step // 3 + 1
    assert set(found.images) <= set(manifest().ids)


def test_replay_when_done_again_then_passes_the_same_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[tuple[Any, ...]] = []

    def noted(state: Any, net: Any, pieces: Any, manner: Any, at_step: int) -> Any:
        passed.append((copied(state.tensors()), pieces, replace(manner, cast=1, clock=1), at_step))
        return diagnosis.diagnose(state, net, pieces, manner, at_step)

    for module in (trouble, replay):
        monkeypatch.setattr(module, "diagnose", noted)
    replay.replay(_fail(config(optimiser=WILD, accumulate=4, augment={"crop": 2}), tmp_path))
    (state, pieces, manner, step), (again, pieces_again, manner_again, step_again) = passed
    assert are_equal(state, again)
    assert (manner, step) == (manner_again, step_again) and step > 0
    assert [one.number for one in pieces] == [4 * step + number for number in range(4)]
    for one, other in zip(pieces, pieces_again, strict=True):
        assert one.number == other.number
        for name in ("images", "labels", "samples"):
            assert torch.equal(getattr(one, name), getattr(other, name))


def test_replay_when_weights_are_small_again_then_is_finite(copy: Path) -> None:
    path = copy / "state.safetensors"
    tensors = load_file(path)
    draw = torch.Generator().manual_seed(0)
    for name, tensor in tensors.items():
        if name.startswith("model.") and name.endswith("weight"):
            tensor.copy_(torch.randn(tensor.shape, generator=draw))
    save_file(tensors, path)
    facts = json.loads((copy / "failure.json").read_text())
    facts["sha256"]["state"] = safeio.sha256(path)
    (copy / "failure.json").write_text(json.dumps(facts))
    found = replay.replay(copy)
    assert found.is_finite and found.now.layer == ""
    assert found.then["layer"]


@pytest.mark.parametrize("precision", ["bfloat16", "auto"])
def test_replay_when_something_is_set_then_is_done_with_it(
    kept: Path, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frlib.train.precision.has_bfloat16", lambda _: False)
    sets = (f"precision={precision}",)
    assert replay.replay(kept, sets).differs == sets


def test_replay_when_the_field_or_model_is_another_then_says_so(kept: Path) -> None:
    with pytest.raises(ConfigError, match="precison"):
        replay.replay(kept, ["precison=float32"])
    with pytest.raises(RecordError, match="does not fit this model"):
        replay.replay(kept, ["backbone.width=8"])


def test_replay_when_the_starting_weights_are_gone_then_needs_them_not(copy: Path) -> None:
    facts = json.loads((copy / "failure.json").read_text())
    facts["config"]["start"] = {"path": "/gone/model.safetensors", "sha256": "0" * 16}
    (copy / "failure.json").write_text(json.dumps(facts))
    assert replay.replay(copy).now.layer


@pytest.mark.parametrize("name", ["state", "batch"])
@pytest.mark.parametrize("damage", ["flipped", "short", "missing"])
def test_read_when_a_file_is_damaged_then_names_it(copy: Path, name: str, damage: str) -> None:
    path = copy / f"{name}.safetensors"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(data if damage == "flipped" else data[:-9])
    with pytest.raises(RecordError, match=rf"{name}\.safetensors.*copy it again"):
        failure.read(copy)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"sha256": 3}', '{"sha256": {}}'])
def test_read_when_the_facts_are_damaged_then_says_so(copy: Path, text: str) -> None:
    (copy / "failure.json").write_text(text)
    with pytest.raises(RecordError, match=r"failure\.json"):
        failure.read(copy)


def test_read_when_the_folder_is_another_then_says_which_is_meant(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"holds no failure\.json; expected a folder failures/st"):
        failure.read(tmp_path)


def test_replay_when_the_images_do_not_divide_into_the_pieces_then_says_so(copy: Path) -> None:
    facts = json.loads((copy / "failure.json").read_text())
    (copy / "failure.json").write_text(json.dumps(facts | {"workers": 2}))
    with pytest.raises(ConfigError, match=r"accumulate=16: the 16 images .* of 2 workers"):
        replay.replay(copy, ["accumulate=16"])


def test_replay_when_what_is_set_has_no_influence_then_says_what_has(kept: Path) -> None:
    with pytest.raises(ConfigError, match=r"optimiser\.lr: has no influence .* precision, head"):
        replay.replay(kept, ["optimiser.lr=0.1"])
