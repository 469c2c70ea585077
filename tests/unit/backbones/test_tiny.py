import pytest
import torch

from frlib.backbones import tiny
from frlib.core.errors import ConfigError
from tests.unit.backbones import two_steps

SMALLEST = 4


def test_smallest_tiny_when_trained_in_channels_last_then_its_process_survives() -> None:
    """A strided 1x1 convolution here would end the process by a signal: oneDNN issue 6035."""
    two_steps.survives("tiny", width=SMALLEST)


def test_tiny_when_of_any_width_then_has_no_strided_1x1() -> None:
    for width in (SMALLEST, 16):
        net = tiny.build(tiny.Config(width=width), 64)
        convs = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
        assert all(m.kernel_size != (1, 1) or m.stride == (1, 1) for m in convs)
        assert sum(m.kernel_size == (1, 1) for m in convs) == 3


def test_tiny_config_when_narrower_than_offered_then_is_refused() -> None:
    with pytest.raises(ConfigError, match="width=3"):
        tiny.Config.parse({"width": SMALLEST - 1})


def test_tiny_when_default_then_widths_are_16_to_128() -> None:
    net = tiny.build(tiny.Config(), 64)
    shapes = {name: tuple(p.shape) for name, p in net.named_parameters()}
    assert [shapes[f"layer{n}.conv2.weight"][0] for n in (1, 2, 3, 4)] == [16, 32, 64, 128]
    assert shapes["fc.weight"] == (128, 128 * 4 * 4)
