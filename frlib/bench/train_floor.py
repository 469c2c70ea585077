"""What a training step cannot do without, counted on the network itself.

    floor = 6 MAC / matmul rate + 5 passes over the outputs of all layers / memory rate

Forward takes 2 flops a MAC and backward 4; an output is written and read forward, read twice and
written once backward. Terms are added because in bfloat16 they are of one size, so this is what a
step takes whose arithmetic never waits for memory, and not a bound. Layers: modules without parts.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from frlib.bench.limits import Limits

_FLOPS, _PASSES = 3, 5
_BYTES = {"float32": 4, "bfloat16": 2}
_IMAGES = 2


@dataclass(frozen=True)
class Work:
    """Of one image. macs: multiplications with an addition, forward. outputs: numbers."""

    macs: int
    outputs: int

    def floor_s(self, images: int, precision: str, machine: Limits) -> float:
        """Seconds of a step, at the machine's matmul rate in `precision` and its copy rate."""
        rate = machine.bf16_gflops if precision == "bfloat16" else machine.fp32_gflops
        assert rate is not None, "bfloat16 is measured where there are instructions for it"
        flops = 2 * _FLOPS * self.macs * images
        moved = _PASSES * _BYTES[precision] * self.outputs * images
        return flops / rate / 1e9 + moved / machine.copy_gbs / 1e9


def counted(net: nn.Module, side: int) -> Work:
    """One pass over images of `side` pixels, of a network that has no position to draw from."""
    outputs: list[int] = []

    def note(layer: nn.Module, given: object, output: Tensor) -> None:
        outputs.append(output.numel())

    leaves = [layer for layer in net.modules() if not list(layer.children())]
    hooks = [layer.register_forward_hook(note) for layer in leaves]
    was_training = net.training
    with FlopCounterMode(display=False) as flops, torch.no_grad():
        net.eval()(torch.zeros(_IMAGES, 3, side, side))
    net.train(was_training)
    for hook in hooks:
        hook.remove()
    return Work(flops.get_total_flops() // 2 // _IMAGES, sum(outputs) // _IMAGES)
