import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from frlib.backbones import timm
from frlib.core import safeio
from frlib.core.config import digest
from frlib.core.errors import ConfigError, DataError
from tests.unit.backbones import two_steps

library = pytest.importorskip("timm", reason="needs the extra timm")
CLASSIFIERS = {"test_resnet": "fc.", "test_vit": "head."}
DROP_BY_THEMSELVES = ("vit_relpos_small_patch16_224", "swin_tiny_patch4_window7_224")
every_kind = pytest.mark.parametrize("model", CLASSIFIERS)


def _net(model: str = "test_resnet", size: int = 32, **fields: object) -> torch.nn.Module:
    torch.manual_seed(0)
    return timm.build(timm.Config.parse({"embedding_size": 8, "model": model, **fields}), size)


def _images(size: int = 32) -> torch.Tensor:
    return torch.rand(4, 3, size, size, generator=torch.Generator().manual_seed(1)) * 2 - 1


def _file(folder: Path, model: str) -> tuple[Path, str, dict[str, torch.Tensor]]:
    torch.manual_seed(9)
    tensors = library.create_model(model).state_dict()
    path = folder / "w.safetensors"
    save_file(tensors, path)
    return path, safeio.sha256(path)[:16], tensors


@pytest.mark.parametrize("size", [32, 64])
@every_kind
def test_embedding_when_of_any_model_and_size_then_has_the_head_of_an_iresnet(
    model: str, size: int
) -> None:
    net = _net(model, size)
    assert net(_images(size)).shape == (4, 8)
    assert [n for n, p in net.named_parameters() if not p.requires_grad] == ["features.weight"]
    classifier = "body." + CLASSIFIERS[model]
    assert not [name for name in net.state_dict() if name.startswith(classifier)]


@pytest.mark.parametrize("model", [*CLASSIFIERS, *DROP_BY_THEMSELVES])
def test_training_when_rates_are_0_then_draws_nothing(model: str) -> None:
    net = _net(model)
    before = torch.random.get_rng_state()
    net(_images())
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("model", DROP_BY_THEMSELVES)
def test_model_when_used_without_the_adapter_then_draws(model: str) -> None:
    body = library.create_model(model, img_size=32)
    before = torch.random.get_rng_state()
    body(_images())
    assert not torch.equal(torch.random.get_rng_state(), before)


def test_rates_when_set_then_reach_the_model() -> None:
    net = _net("test_vit", drop_path_rate=0.5)
    assert not torch.equal(net(_images()), net(_images()))


def test_rate_when_the_model_has_none_then_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"drop_path_rate=0\.1: densenet121 .*set it to 0"):
        _net("densenet121", drop_path_rate=0.1)


def test_model_when_unknown_then_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"no such model \(did you mean 'resnet18'\?\)"):
        _net("resnet18x")


@pytest.mark.parametrize("model", ["hf-hub:timm/resnet18.a1_in1k", "local-dir:resnet18"])
def test_model_when_it_is_a_place_then_is_not_fetched(model: str) -> None:
    with pytest.raises(ConfigError, match="no such model"):
        _net(model)


def test_build_when_timm_is_not_installed_then_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ConfigError, match=r"pip install 'frlib\[timm\]'"):
        _net()


@every_kind
def test_weights_when_named_then_are_those_of_the_body(tmp_path: Path, model: str) -> None:
    path, pretrained, tensors = _file(tmp_path, model)
    found = _net(model, 64, weights=str(path), pretrained=pretrained).state_dict()
    body = {n.removeprefix("body."): t for n, t in found.items() if n.startswith("body.")}
    kept = {n: t for n, t in tensors.items() if not n.startswith(CLASSIFIERS[model])}
    assert body.keys() == kept.keys()
    same = {name for name, value in kept.items() if torch.equal(body[name], value)}
    assert kept.keys() - same == ({"pos_embed"} if model == "test_vit" else set())
    assert {n: t.shape for n, t in found.items()} == {
        n: t.shape for n, t in _net(model, 64).state_dict().items()
    }


def test_weights_when_of_another_model_then_lists_what_differs(tmp_path: Path) -> None:
    path, pretrained, _ = _file(tmp_path, "test_vit")
    with pytest.raises(DataError, match="not weights of this ResNet"):
        _net(weights=str(path), pretrained=pretrained)


def test_weights_when_not_those_of_the_checksum_then_are_refused(tmp_path: Path) -> None:
    path, pretrained, _ = _file(tmp_path, "test_resnet")
    with pytest.raises(DataError, match=f"SHA-256 {pretrained}"):
        _net(weights=str(path), pretrained="0" * 16)


def test_weights_when_only_their_place_is_told_then_asks_for_their_checksum(
    tmp_path: Path,
) -> None:
    path, pretrained, _ = _file(tmp_path, "test_resnet")
    with pytest.raises(ConfigError, match=f"set pretrained={pretrained}"):
        _net(weights=str(path))


def test_weights_when_missing_then_only_a_network_filled_otherwise_computes(
    tmp_path: Path,
) -> None:
    lost = {"weights": str(tmp_path / "lost.safetensors"), "pretrained": "0" * 16}
    net = _net(**lost)
    with pytest.raises(ConfigError, match="starts from the weights with SHA-256 0000"):
        net(_images())
    other = _net()
    net.load_state_dict(other.state_dict())
    assert torch.equal(net.eval()(_images()), other.eval()(_images()))


def test_digest_when_weights_lie_elsewhere_then_stays_and_when_others_then_differs() -> None:
    one = timm.Config(pretrained="0" * 16, weights="a.safetensors")
    assert digest(one) == digest(timm.Config(pretrained="0" * 16, weights="b.safetensors"))
    assert digest(one) != digest(timm.Config())


def test_resnet_of_timm_when_trained_in_channels_last_then_its_process_survives() -> None:
    two_steps.survives("timm", model="test_resnet", embedding_size=8)
