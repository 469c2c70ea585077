"""Backbone and head, and tensors laid out like them: as a worker holds them, and whole.

What the head holds for each class is shared out over class workers (`frlib.heads.layout`); anything
else all of them hold alike.
"""

from collections.abc import Mapping
from functools import cached_property

import torch
from torch import Tensor, nn

from frlib.heads import layout
from frlib.heads.head import Head
from frlib.parallel.draws import Drawing, drawing
from frlib.train.compatibility import PROJECT, Compatibility

_HEAD, _COMPAT = "head.", "compat."


class Trainee(nn.Module):
    """What is trained. Tensors of it are named `backbone.*`, `head.*`, and perhaps `compat.*`."""

    def __init__(
        self, backbone: nn.Module, head: Head, compat: Compatibility | None = None
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.compat = compat
        self._rows = {_HEAD + name: each for name, each in layout.Layout.of(head).rows.items()}

    @cached_property
    def weights(self) -> tuple[tuple[str, nn.Parameter], ...]:
        """Its parameters by name, looked up by the first step; none is replaced after that."""
        return tuple(self.named_parameters())

    def trained(self) -> list[tuple[str, nn.Parameter]]:
        """Those that are not frozen, in the order of the network."""
        return [(name, own) for name, own in self.named_parameters() if own.requires_grad]

    @cached_property
    def drawing(self) -> tuple[tuple[str, Drawing], ...]:
        """The layers of the backbone that draw numbers, looked up by the first step."""
        return drawing(self.backbone)

    @property
    def shares_classes(self) -> bool:
        """Whether every worker holds some of the classes alone."""
        return self.head.shard.group.size > 1

    @staticmethod
    def is_of_model(name: str) -> bool:
        """Whether a tensor is used after training, and not by the method of `compat` alone."""
        return not name.startswith(_COMPAT) or name == PROJECT

    def is_shared_out(self, name: str) -> bool:
        """Whether a tensor of this name has rows for the classes of this worker alone."""
        return self.shares_classes and name in self._rows

    def whole_shape(self, name: str, own: Tensor) -> tuple[int, ...]:
        """The shape that a tensor has where one worker holds all."""
        if name not in self._rows or not own.dim():
            return tuple(own.shape)
        return (self.head.shard.num_classes * self._rows[name], *own.shape[1:])

    @property
    def _is_first(self) -> bool:
        return not (self.head.shard.group.rank or self.head.data.rank)

    def gather(self, own: Mapping[str, Tensor], *, only_first: bool) -> dict[str, Tensor]:
        """Whole copies on the CPU. Every worker calls this; `only_first`: others get nothing."""
        if only_first and not (self._is_first or self.shares_classes):
            return {}
        rows = {n.removeprefix(_HEAD): t for n, t in own.items() if self._has_rows(n, t)}
        whole = layout.whole(self.head, rows, only_first=only_first) if rows else {}
        if only_first and not self._is_first:
            return {}
        return {
            name: whole[name.removeprefix(_HEAD)]
            if self._has_rows(name, tensor)
            else tensor.detach().to("cpu", copy=True).contiguous()
            for name, tensor in own.items()
        }

    @torch.no_grad()
    def put(self, own: Mapping[str, Tensor], whole: Mapping[str, Tensor]) -> None:
        """Copy this worker's part of whole tensors into its own, in place."""
        rows = {n.removeprefix(_HEAD): whole[n] for n, t in own.items() if self._has_rows(n, t)}
        parts = layout.part_of(self.head, rows)
        for name, tensor in own.items():
            has_rows = self._has_rows(name, tensor)
            tensor.copy_(parts[name.removeprefix(_HEAD)] if has_rows else whole[name])

    def _has_rows(self, name: str, tensor: Tensor) -> bool:
        return name in self._rows and tensor.dim() > 0
