"""Two steps of training in channels_last, in a process of their own.

A fault of a CPU's convolutions would end that process by a signal (oneDNN issue 6035).
"""

import os
import subprocess
import sys

SCRIPT = """
import torch
from frlib.core import discover
from frlib.parallel.draws import Position, position
module = discover.load("frlib.backbones", {name!r})
torch.manual_seed(0)
net = module.build(module.Config.parse({fields!r}), 64).to(memory_format=torch.channels_last)
optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
images = torch.randn(8, 3, 64, 64).contiguous(memory_format=torch.channels_last)
for step in range(2):
    position(net, Position(seed=0, step=step, first=0, count=8, total=8))
    optimiser.zero_grad()
    loss = net(images).sin().square().mean()
    loss.backward()
    optimiser.step()
print(torch.isfinite(loss).item())
"""


def survives(name: str, **fields: object) -> None:
    """Fails unless the network trains, and says how its process ended."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(name=name, fields=fields)],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True"]
