import os
import subprocess
import sys

import pytest
import torch

from frlib.backbones import tiny
from frlib.core.errors import ConfigError

SMALLEST = 4

TWO_STEPS = f"""
import torch
from frlib.backbones import tiny
torch.manual_seed(0)
net = tiny.build(tiny.Config(width={SMALLEST}), 64).to(memory_format=torch.channels_last)
optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
images = torch.randn(8, 3, 64, 64).contiguous(memory_format=torch.channels_last)
for _ in range(2):
    optimiser.zero_grad()
    loss = net(images).sin().square().mean()
    loss.backward()
    optimiser.step()
print(torch.isfinite(loss).item())
"""


def test_smallest_tiny_when_trained_in_channels_last_then_its_process_survives() -> None:
    """A strided 1x1 convolution here would end the process by a signal: oneDNN issue 6035."""
    done = subprocess.run(
        [sys.executable, "-c", TWO_STEPS],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True"]


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
