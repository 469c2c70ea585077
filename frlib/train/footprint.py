"""What a pass through a backbone needs, counted before anything runs.

The network is built and differentiated on tensors that have a shape, a type and no memory, and the
bytes of every storage are added up while it lives. So this is what an eager forward and backward
pass allocates through torch: results kept for the backward pass and the passing ones beside them.
Not counted are the work space of kernels (convolutions may use some hundred MB on a GPU) and what
`torch.compile` saves. Autocast is that of the CPU; a GPU's casts the same layers.

Bytes of b images are a maximum of lines in b, one for each moment that may be the highest. The line
kept here has the slope of large b and passes through b = 2, so it is never below (for b >= 2).
"""

import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from frlib.core import discover
from frlib.parallel.draws import Position, position
from frlib.train.config import Backbone

_FEW, _MANY = 2, 1024
_FORWARD_AND_BACKWARD = 3
_NARROW = {"bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """A backbone in training, in one precision.

    parameters, trained: how many numbers, and how many of them take gradients. other_bytes: running
    statistics. fixed_bytes, bytes_per_image: of a pass, without the gradients of parameters.
    flops_per_image: 6 for each multiplication with an addition: forward 2, backward 4.
    """

    parameters: int
    trained: int
    other_bytes: int
    fixed_bytes: int
    bytes_per_image: int
    flops_per_image: int

    def pass_bytes(self, images: int) -> int:
        """Highest memory of a forward and backward pass over so many images (2 or more)."""
        return self.fixed_bytes + images * self.bytes_per_image


def measured(backbone: Backbone, size: int, precision: str) -> Footprint:
    """The footprint at images of `size` pixels under `float32`, `bfloat16` or `float16`."""
    with FakeTensorMode():
        module = discover.load("frlib.backbones", backbone.name)
        network: nn.Module = module.build(backbone, size).train()
        few, many, more = (
            _pass_bytes(network, count, size, precision) for count in (_FEW, _MANY, 2 * _MANY)
        )
        slope = -((many - more) // _MANY)
        return Footprint(
            parameters=_numbers(network.parameters()),
            trained=_numbers(p for p in network.parameters() if p.requires_grad),
            other_bytes=sum(b.nbytes for b in network.buffers()),
            fixed_bytes=few - _FEW * slope,
            bytes_per_image=slope,
            flops_per_image=_flops(network, size),
        )


def _numbers(parameters: Iterable[nn.Parameter]) -> int:
    return sum(parameter.numel() for parameter in parameters)


def _flops(network: nn.Module, size: int) -> int:
    position(network, Position(seed=0, step=0, first=0, count=_FEW, total=_FEW))
    with FlopCounterMode(display=False) as counted, torch.no_grad():
        network(torch.empty(_FEW, 3, size, size))
    return _FORWARD_AND_BACKWARD * counted.get_total_flops() // _FEW


def _pass_bytes(network: nn.Module, images: int, size: int, precision: str) -> int:
    known = {_key(tensor) for tensor in (*network.parameters(), *network.buffers())}
    ledger = Ledger(known)
    hooks = [
        parameter.register_post_accumulate_grad_hook(ledger.forget_gradient)
        for parameter in network.parameters()
        if parameter.requires_grad
    ]
    narrow = _NARROW.get(precision)
    position(network, Position(seed=0, step=0, first=0, count=images, total=images))
    with ledger:
        x = torch.empty(images, 3, size, size)
        with torch.autocast("cpu", dtype=narrow, enabled=narrow is not None):
            embeddings = network(x)
        embeddings.backward(torch.empty_like(embeddings))
    for hook in hooks:
        hook.remove()
    network.zero_grad()
    return ledger.peak


class Ledger(TorchDispatchMode):
    """Counts the bytes of storages that operations make, while they live: `now` and `peak`.

    `known`: storages that are not counted, by key.
    """

    def __init__(self, known: set[int]) -> None:
        super().__init__()
        self.known = known
        self.now = self.peak = 0
        self._live: dict[int, int] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor):
                self._add(leaf)
        return out

    def forget_gradient(self, parameter: Tensor) -> None:
        """A gradient that came to stay: it is counted elsewhere."""
        assert parameter.grad is not None, "the hook runs once there is one"
        key = _key(parameter.grad)
        self._drop(key)
        self.known.add(key)

    def _add(self, tensor: Tensor) -> None:
        storage, key = tensor.untyped_storage(), _key(tensor)
        if key in self._live or key in self.known:
            return
        self._live[key] = storage.nbytes()
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._drop, key)

    def _drop(self, key: int) -> None:
        self.now -= self._live.pop(key, 0)


def _key(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata
