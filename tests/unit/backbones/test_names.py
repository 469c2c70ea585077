"""Names and shapes of public networks, listed by hand, and their published sizes."""

from collections.abc import Iterator
from typing import Literal

import pytest
import torch

from frlib.backbones import iresnet, mobilefacenet, vit

Shapes = dict[str, tuple[int, ...]]


def _conv(name: str, outside: int, inside: int, kernel: int) -> Shapes:
    return {f"{name}.weight": (outside, inside, kernel, kernel)}


def _bn(name: str, channels: int) -> Shapes:
    kinds = ("weight", "bias", "running_mean", "running_var")
    vectors = {f"{name}.{kind}": (channels,) for kind in kinds}
    return vectors | {f"{name}.num_batches_tracked": ()}


def _iresnet(blocks: tuple[int, ...], last_map: int = 7) -> Shapes:
    shapes = _conv("conv1", 64, 3, 3) | _bn("bn1", 64) | {"prelu.weight": (64,)}
    inside = 64
    for stage, (count, width) in enumerate(zip(blocks, (64, 128, 256, 512), strict=True), start=1):
        for number in range(count):
            at = f"layer{stage}.{number}"
            shapes |= _bn(f"{at}.bn1", inside) | _conv(f"{at}.conv1", width, inside, 3)
            shapes |= _bn(f"{at}.bn2", width) | {f"{at}.prelu.weight": (width,)}
            shapes |= _conv(f"{at}.conv2", width, width, 3) | _bn(f"{at}.bn3", width)
            if number == 0:
                shapes |= _conv(f"{at}.downsample.0", width, inside, 1)
                shapes |= _bn(f"{at}.downsample.1", width)
            inside = width
    shapes |= _bn("bn2", 512) | {"fc.weight": (512, 512 * last_map**2), "fc.bias": (512,)}
    return shapes | _bn("features", 512)


def _unit(name: str, outside: int, inside: int, kernel: int, *, linear: bool = False) -> Shapes:
    shapes = _conv(f"{name}.layers.0", outside, inside, kernel) | _bn(f"{name}.layers.1", outside)
    return shapes if linear else shapes | {f"{name}.layers.2.weight": (outside,)}


def _bottleneck(name: str, inside: int, hidden: int, outside: int) -> Shapes:
    return (
        _unit(f"{name}.layers.0", hidden, inside, 1)
        | _unit(f"{name}.layers.1", hidden, 1, 3)
        | _unit(f"{name}.layers.2", outside, hidden, 1, linear=True)
    )


def _mobilefacenet() -> Shapes:
    shapes = _unit("layers.0", 128, 3, 3) | _unit("layers.1", 128, 2, 3)
    shapes |= _bottleneck("layers.2", 128, 128, 128)
    for number in range(4):
        shapes |= _bottleneck(f"layers.3.layers.{number}", 128, 128, 128)
    shapes |= _bottleneck("layers.4", 128, 256, 256)
    for number in range(6):
        shapes |= _bottleneck(f"layers.5.layers.{number}", 256, 256, 256)
    shapes |= _bottleneck("layers.6", 256, 512, 256)
    for number in range(2):
        shapes |= _bottleneck(f"layers.7.layers.{number}", 256, 256, 256)
    shapes |= _unit("conv_sep", 512, 256, 1)
    shapes |= _unit("features.layers.0", 512, 1, 7, linear=True)
    return shapes | {"features.layers.2.weight": (512, 512)} | _bn("features.layers.3", 512)


def _vit(width: int, depth: int, tokens: int = 144) -> Shapes:
    shapes = {"mask_token": (1, 1, width), "pos_embed": (1, tokens, width)}
    shapes |= {"patch_embed.proj.weight": (width, 3, 9, 9), "patch_embed.proj.bias": (width,)}
    for number in range(depth):
        at = f"blocks.{number}"
        for norm in ("norm1", "norm2"):
            shapes |= {f"{at}.{norm}.weight": (width,), f"{at}.{norm}.bias": (width,)}
        shapes |= {f"{at}.attn.qkv.weight": (3 * width, width)}
        for layer, outside, inside in (
            ("attn.proj", width, width),
            ("mlp.fc1", 4 * width, width),
            ("mlp.fc2", width, 4 * width),
        ):
            shapes |= {f"{at}.{layer}.weight": (outside, inside), f"{at}.{layer}.bias": (outside,)}
    shapes |= {"norm.weight": (width,), "norm.bias": (width,)}
    shapes |= {"feature.0.weight": (width, width * tokens)} | _bn("feature.1", width)
    return shapes | {"feature.2.weight": (512, width)} | _bn("feature.3", 512)


def _found(net: torch.nn.Module) -> Shapes:
    return {name: tuple(value.shape) for name, value in net.state_dict().items()}


@pytest.fixture(autouse=True)
def _no_memory() -> Iterator[None]:
    with torch.device("meta"):
        yield


@pytest.mark.parametrize(
    ("depth", "blocks", "millions"),
    [
        (18, (2, 2, 2, 2), 24.03),
        (34, (3, 4, 6, 3), 34.14),
        (50, (3, 4, 14, 3), 43.59),
        (100, (3, 13, 30, 3), 65.16),
        (200, (6, 26, 60, 6), 118.83),
    ],
)
def test_iresnet_when_built_for_112_then_has_the_published_names_and_size(
    depth: int, blocks: tuple[int, ...], millions: float
) -> None:
    net = iresnet.build(iresnet.Config(depth=depth), 112)
    assert _found(net) == _iresnet(blocks)
    assert round(sum(p.numel() for p in net.parameters()) / 1e6, 2) == millions


def test_iresnet_when_built_for_another_size_then_only_fc_differs() -> None:
    net = iresnet.build(iresnet.Config(depth=18), 64)
    assert _found(net) == _iresnet((2, 2, 2, 2), last_map=4)


def test_mobilefacenet_when_built_for_112_then_has_the_published_names() -> None:
    net = mobilefacenet.build(mobilefacenet.Config(), 112)
    assert _found(net) == _mobilefacenet()
    assert sum(p.numel() for p in net.parameters()) == 2_059_520


def test_mobilefacenet_when_large_then_its_second_layer_is_a_row_of_bottlenecks() -> None:
    net = mobilefacenet.build(mobilefacenet.Config(scale=4, blocks=(2, 8, 12, 4)), 112)
    expected = _bottleneck("layers.1.layers.1", 256, 128, 256)
    expected |= _bottleneck("layers.7.layers.3", 512, 256, 512)
    assert expected.items() <= _found(net).items()


@pytest.mark.parametrize("depth", [18, 50])
def test_iresnet_when_built_then_the_scale_of_the_last_norm_is_not_trained(depth: int) -> None:
    net = iresnet.build(iresnet.Config(depth=depth), 32)
    fixed = [name for name, p in net.named_parameters() if not p.requires_grad]
    assert fixed == ["features.weight"]


@pytest.mark.parametrize(
    ("variant", "width", "depth", "parameters"),
    [
        ("t", 256, 12, 19_137_792),
        ("s", 512, 12, 76_023_296),
        ("b", 512, 24, 113_833_472),
        ("l", 768, 24, 255_684_352),
        ("h", 1024, 48, 756_393_984),
    ],
)
def test_vit_when_built_for_112_then_has_the_published_names_and_size(
    variant: Literal["t", "s", "b", "l", "h"], width: int, depth: int, parameters: int
) -> None:
    net = vit.build(vit.Config(variant=variant), 112)
    assert _found(net) == _vit(width, depth)
    assert sum(p.numel() for p in net.parameters()) == parameters


def test_vit_when_built_for_another_size_then_its_tokens_are_more_or_fewer() -> None:
    assert _found(vit.build(vit.Config(), 81)) == _vit(256, 12, tokens=81)


@pytest.mark.parametrize(("mask_ratio", "fixed"), [(0.0, ["mask_token"]), (0.1, [])])
def test_vit_when_nothing_is_masked_then_the_mask_token_is_not_trained(
    mask_ratio: float, fixed: list[str]
) -> None:
    net = vit.build(vit.Config(mask_ratio=mask_ratio), 112)
    assert [name for name, p in net.named_parameters() if not p.requires_grad] == fixed
