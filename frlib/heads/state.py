"""The evolving and learned numbers of the slots, declared by their configs and held by the head.

A slot says which numbers it keeps (`Slot.state`); the head makes them buffers or parameters, so
that checkpoints carry them and any number of class workers can share them out (`per = "class"`).
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from frlib.heads.shard import Shard
from frlib.heads.slots import Number


class Numbers(nn.Module):
    """The numbers of one slot, as attributes: `state.mean`, `state.bias`."""

    def __init__(self, declared: Mapping[str, Number], shard: Shard, num_samples: int) -> None:
        super().__init__()
        sizes = {"head": (), "class": (shard.count,), "sample": (num_samples,)}
        self.per = {name: number.per for name, number in declared.items()}
        for name, number in declared.items():
            is_whole = isinstance(number.start, int)
            dtype = torch.int64 if is_whole else torch.get_default_dtype()
            tensor = torch.full(sizes[number.per], number.start, dtype=dtype)
            if number.learned:
                setattr(self, name, nn.Parameter(tensor))
            else:
                self.register_buffer(name, tensor)

    def __getattr__(self, name: str) -> Any:
        """A number: a tensor."""
        return super().__getattr__(name)

    def per_class(self) -> dict[str, Tensor]:
        """Those with an entry for every class this worker holds."""
        return {name: getattr(self, name) for name, per in self.per.items() if per == "class"}
