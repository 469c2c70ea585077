"""What every backbone keeps, whichever modules there are."""

from types import ModuleType

import pytest
import torch

from frlib.core import discover
from frlib.core.config import Config
from frlib.core.errors import ConfigError
from frlib.core.paper import Paper
from frlib.parallel.draws import Position, position

PACKAGE = "frlib.backbones"
SMALLEST = {
    "iresnet": {"depth": 18},
    "vit": {"patch": 16, "mask_ratio": 0.25},
    "timm": {"model": "test_vit"},
}
HINTS = {"timm": "Set the size to one that it is made for"}
SIZE = 32

every_backbone = pytest.mark.parametrize("name", discover.choices(PACKAGE))


def _parts(name: str) -> tuple[ModuleType, Config]:
    if name == "timm":
        pytest.importorskip("timm", reason="needs the extra timm")
    module = discover.load(PACKAGE, name)
    return module, module.Config(embedding_size=24, **SMALLEST.get(name, {}))


def _net(name: str) -> torch.nn.Module:
    module, config = _parts(name)
    torch.manual_seed(5)
    net = module.build(config, SIZE)
    assert isinstance(net, torch.nn.Module)
    return net


def _trained(net: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    count = len(images)
    position(net, Position(seed=0, step=0, first=0, count=count, total=count))
    emb_BD = net(images)
    assert isinstance(emb_BD, torch.Tensor)
    return emb_BD


def _images(count: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, 3, SIZE, SIZE, generator=generator) * 2 - 1


@every_backbone
def test_module_when_loaded_then_has_config_and_paper(name: str) -> None:
    module = discover.load(PACKAGE, name)
    assert next(iter(module.Config.model_fields)) == "name"
    assert module.Config().name == name
    assert isinstance(module.PAPER, Paper)


@every_backbone
def test_build_when_seeded_alike_then_is_the_same_network(name: str) -> None:
    first, second = _net(name).state_dict(), _net(name).state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)


@every_backbone
@pytest.mark.parametrize("size", [0, 8, SIZE + 1, SIZE + 8])
def test_build_when_size_does_not_fit_then_names_one_that_does(name: str, size: int) -> None:
    module, config = _parts(name)
    with pytest.raises(ConfigError, match=f"size={size}: .*{HINTS.get(name, 'multiple of 16')}"):
        module.build(config, size)


@every_backbone
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_network_when_trained_a_step_then_shapes_and_gradients_are_whole(
    name: str, layout: torch.memory_format
) -> None:
    net = _net(name).to(memory_format=layout)
    emb_BD = _trained(net, _images().contiguous(memory_format=layout))
    assert emb_BD.shape == (4, 24)
    emb_BD.square().sum().backward()
    grads = [p.grad for p in net.parameters() if p.requires_grad]
    whole = [g for g in grads if g is not None and g.isfinite().all()]
    assert len(whole) == len(grads)
    assert sum(bool(g.any()) for g in whole) > len(whole) / 2


@every_backbone
def test_network_when_trained_in_bfloat16_then_embeddings_are_near_those_of_float32(
    name: str,
) -> None:
    net = _net(name)
    for layer in net.modules():
        if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
            layer.eval()
    exact = _trained(net, _images())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        emb_BD = _trained(net, _images())
    emb_BD.float().square().sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in net.parameters())
    nearness = torch.nn.functional.cosine_similarity(emb_BD.float(), exact, dim=1)
    assert nearness.min() > 0.99


@every_backbone
def test_network_when_evaluating_then_an_embedding_depends_on_its_image_alone(name: str) -> None:
    net = _net(name)
    for layer in net.modules():
        if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
            layer.momentum = 1.0
    with torch.no_grad():
        _trained(net, _images(8))
        net.eval()
        together = net(_images())
        alone = torch.cat([net(image) for image in _images().split(1)])
    torch.testing.assert_close(alone, together, rtol=1e-3, atol=1e-4)
    assert (together[0] - together[1]).abs().max() > 1e-2
