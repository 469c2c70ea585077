"""One layout of a head's tensors for any number of class workers.

What a head holds for every class, its weight (K rows a class) and its slots' numbers per class, is
shared out over the workers of a group; everything else each of them holds alike. Stored, all of it
is whole, as one worker would hold it. So what one number of workers saved any other one loads, and
goes on from there: no row is changed on the way.

Optimiser tensors of a parameter (momentum) have its rows. They go by the parameter's name, in a
mapping of their own.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from frlib.core.errors import ConfigError, RecordError
from frlib.heads.head import Head
from frlib.heads.shard import Shard, share
from frlib.heads.state import Numbers

BLOCK = 1 << 22


@dataclass(frozen=True)
class Layout:
    """`rows`: for each tensor with entries per class, by its name in the head, rows a class.

    Tensors of any other name are held by every worker alike.
    """

    num_classes: int
    rows: Mapping[str, int]

    @classmethod
    def of(cls, head: Head) -> Self:
        """That of a head, the same on every worker."""
        rows = {"weight": head.slots.similarity.centres_per_class}
        for slot, numbers in head.named_children():
            if isinstance(numbers, Numbers):
                rows |= {f"{slot}.{name}": 1 for name in numbers.per_class()}
        return cls(head.shard.num_classes, rows)

    def merge(self, parts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """The whole of what all workers hold: a mapping of each, in the order of their ranks."""
        if not parts:
            raise RecordError("no parts of a head to merge; pass one mapping of every worker")
        for rank, part in enumerate(parts):
            if odd := sorted(part.keys() ^ parts[0].keys()):
                raise RecordError(
                    f"parts 0 and {rank} of a head do not have the same tensors ({', '.join(odd)} "
                    "in one alone): they are of different heads. Pass those of one and the same"
                )
        return {name: self._merged(name, [part[name] for part in parts]) for name in parts[0]}

    def split(self, whole: Mapping[str, Tensor], rank: int, size: int) -> dict[str, Tensor]:
        """What worker `rank` of `size` holds of `whole`. Copies."""
        if not 0 <= rank < size:
            raise ConfigError(f"worker {rank} of {size}: ranks go from 0 to {size - 1}")
        first, count = share(self.num_classes, rank, size)
        found = {}
        for name, tensor in whole.items():
            each = self.rows.get(name)
            if each is not None:
                self._check_whole(name, tensor, each)
                tensor = tensor[first * each : (first + count) * each]
            found[name] = tensor.clone()
        return found

    def check_part(self, name: str, tensor: Tensor, rank: int, size: int) -> None:
        """`RecordError` unless `tensor` has the rows that worker `rank` of `size` holds."""
        each = self.rows.get(name)
        if each is None:
            return
        _, count = share(self.num_classes, rank, size)
        if _length(tensor) != count * each:
            raise RecordError(
                f"{name}: worker {rank} of {size} has {_length(tensor)} rows, expected "
                f"{count * each} ({count} of {self.num_classes} classes, {each} a class). A part "
                "is missing, out of order or of another head; pass those of all workers of one "
                "head, in the order of their ranks"
            )

    def _merged(self, name: str, parts: list[Tensor]) -> Tensor:
        for rank, part in enumerate(parts):
            self.check_part(name, part, rank, len(parts))
            if part.dtype != parts[0].dtype or part.shape[1:] != parts[0].shape[1:]:
                raise RecordError(
                    f"{name}: worker 0 has {_kind(parts[0])}, worker {rank} {_kind(part)}: they "
                    "are of different heads. Pass those of one and the same"
                )
            if name not in self.rows and not _are_alike(part, parts[0]):
                raise RecordError(
                    f"{name}: workers 0 and {rank} hold different values of what all should hold "
                    "alike: they are of different heads or steps. Pass those of one moment"
                )
        return torch.cat(parts) if name in self.rows else parts[0].clone()

    def _check_whole(self, name: str, tensor: Tensor, each: int) -> None:
        if _length(tensor) != self.num_classes * each:
            raise ConfigError(
                f"{name}: stored with {_length(tensor)} rows, but this head has "
                f"{self.num_classes * each} ({self.num_classes} classes, {each} a class). Build "
                "the head for the classes and centres per class it was stored with"
            )


@torch.no_grad()
def whole(
    head: Head, tensors: Mapping[str, Tensor], *, only_first: bool = False
) -> dict[str, Tensor]:
    """Tensors laid out like this worker's part of `head`, whole, on the CPU.

    All workers of the head's group call this with tensors of the same names. Each gets the same;
    with `only_first` the others get nothing, and need no room for it.
    """
    layout, shard = Layout.of(head), head.shard
    _agree(layout, shard, tensors, head.weight.device)
    is_wanted = shard.group.rank == 0 or not only_first
    found = {}
    for name in sorted(tensors):
        tensor, each = tensors[name].detach(), layout.rows.get(name)
        if each is not None:
            found[name] = _gathered(tensor, each, shard, is_wanted)
        else:
            found[name] = tensor.cpu().clone()
    return {name: found[name] for name in tensors} if is_wanted else {}


def whole_state(head: Head, *, only_first: bool = False) -> dict[str, Tensor]:
    """The state dict of `head` as one worker would have it; see `whole`."""
    return whole(head, head.state_dict(), only_first=only_first)


def part_of(head: Head, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What this worker of `head` holds of whole tensors. Copies."""
    return Layout.of(head).split(tensors, head.shard.group.rank, head.shard.group.size)


def load_whole(head: Head, tensors: Mapping[str, Tensor]) -> None:
    """Take over a whole state dict, saved with any number of workers."""
    own = head.state_dict()
    if odd := sorted(own.keys() ^ tensors.keys()):
        raise ConfigError(
            f"the stored head and this one do not have the same tensors ({', '.join(odd)} in one "
            "alone). Build the head from the config it was stored with"
        )
    part, rows = part_of(head, tensors), Layout.of(head).rows
    for name, tensor in tensors.items():
        if part[name].shape != own[name].shape:
            wanted = list(own[name].shape)
            wanted[:1] = [len(tensor)] if name in rows else wanted[:1]
            raise ConfigError(
                f"{name}: stored as {list(tensor.shape)}, but this head wants {wanted}. Build it "
                "for the embeddings and images it was stored with"
            )
    head.load_state_dict(part)


def _gathered(tensor: Tensor, each: int, shard: Shard, is_wanted: bool) -> Tensor:
    """Rows of all workers, moved in blocks: padded, because workers send alike."""
    group = shard.group
    spans = [share(shard.num_classes, rank, group.size) for rank in range(group.size)]
    longest = max(count for _, count in spans) * each
    rest = tensor.shape[1:]
    count = shard.num_classes * each if is_wanted else 0
    result = torch.empty(count, *rest, dtype=tensor.dtype)
    step = max(1, BLOCK // max(rest.numel(), 1))
    for at in range(0, longest, step):
        width = min(step, longest - at)
        mine = tensor.new_zeros(width, *rest)
        block = tensor[at : at + width]
        mine[: len(block)] = block
        every = group.all_gather(mine)
        for rank, (first, classes) in enumerate(spans if is_wanted else ()):
            start, rows = first * each + at, max(0, min(width, classes * each - at))
            result[start : start + rows] = every[rank * width : rank * width + rows].cpu()
    return result


def _agree(
    layout: Layout, shard: Shard, tensors: Mapping[str, Tensor], device: torch.device
) -> None:
    """`RecordError` on every worker unless all hold parts of the same head."""
    group, wrong = shard.group, None
    lines = [f"{layout.num_classes}"]
    for name, tensor in sorted(tensors.items()):
        shape = tuple(tensor.shape[1:] if name in layout.rows else tensor.shape)
        lines.append(f"{name} {tensor.dtype} {shape}")
        try:
            layout.check_part(name, tensor, group.rank, group.size)
        except RecordError as error:
            wrong = wrong or error
    print_of = zlib.crc32("\n".join(lines).encode())
    mine = torch.tensor([[print_of, wrong is not None]], dtype=torch.int64, device=device)
    every = group.all_gather(mine)
    if wrong is not None:
        raise wrong
    for rank, (other, is_wrong) in enumerate(every.tolist()):
        if is_wrong or other != print_of:
            raise RecordError(
                f"worker {rank} holds tensors that do not go with those of worker {group.rank} "
                f"({', '.join(sorted(tensors))}): workers of one group must build the head from "
                "the same config, for the same classes, and store it at the same step"
            )


def _length(tensor: Tensor) -> int:
    return len(tensor) if tensor.dim() else 0


def _kind(tensor: Tensor) -> str:
    return f"{list(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def _are_alike(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape:
        return False
    return bool(((one == other) | ((one != one) & (other != other))).all())
