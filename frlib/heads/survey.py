"""A sample's own cosine and its two nearest other classes, over all workers."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from frlib.parallel.collectives import Group

NOWHERE = -1


@dataclass(frozen=True)
class Survey:
    """`[B]` each, detached, at `labels`. Ties go to the lower class.

    own: cosine of the label; −inf where that class takes no part. first, second: the largest values
    of other classes; `second` is absent unless asked for, −inf where there is no such class.
    """

    labels_B: Tensor
    own_B: Tensor
    first_B: Tensor
    first_class_B: Tensor
    second_B: Tensor | None = None
    second_class_B: Tensor | None = None

    def unmoved(self) -> "Standing":
        """At the labels as they are."""
        return Standing(self.labels_B, self.own_B, self.first_B, self.first_class_B)

    def moved(self, is_moved_B: Tensor) -> "Standing":
        """At the labels that follow from handing over `is_moved` samples to their first class.

        The rivals there are known only if `second` was asked for.
        """
        labels_B = torch.where(is_moved_B, self.first_class_B, self.labels_B)
        own_B = torch.where(is_moved_B, self.first_B, self.own_B)
        if self.second_B is None or self.second_class_B is None:
            return Standing(labels_B, own_B)
        is_own_next_B = (self.own_B > self.second_B) | (
            (self.own_B == self.second_B) & (self.labels_B < self.second_class_B)
        )
        next_B = torch.where(is_own_next_B, self.own_B, self.second_B)
        next_class_B = torch.where(is_own_next_B, self.labels_B, self.second_class_B)
        return Standing(
            labels_B,
            own_B,
            torch.where(is_moved_B, next_B, self.first_B),
            torch.where(is_moved_B, next_class_B, self.first_class_B),
        )


@dataclass(frozen=True)
class Standing:
    """Where samples stand at the labels they are trained on, `[B]` each, detached.

    own: cosine of the label. rival: the largest of another class, where anybody wants it.
    """

    labels_B: Tensor
    own_B: Tensor
    rival_B: Tensor | None = None
    rival_class_B: Tensor | None = None


@dataclass(frozen=True)
class Local:
    """A survey over this worker's columns alone: values `[k, B]`, classes `[k, B]`, k = 1 or 2."""

    own_B: Tensor
    best_kB: Tensor
    class_kB: Tensor


def joined(locals_: Local, labels_B: Tensor, group: Group) -> Survey:
    """Over all workers of `group`: one gathering of `[2k + 1, B]` numbers."""
    own_B, best_kB, class_kB = locals_.own_B, locals_.best_kB, locals_.class_kB
    depth = len(best_kB)
    if group.size > 1:
        packed = torch.cat([own_B.double()[None], best_kB.double(), class_kB.double()])
        every = group.all_gather(packed[None])
        own_B = every[:, 0].amax(0).to(own_B.dtype)
        values, classes = every[:, 1 : 1 + depth].flatten(0, 1), every[:, 1 + depth :].flatten(0, 1)
        order = values.sort(dim=0, descending=True, stable=True).indices[:depth]
        best_kB = values.gather(0, order).to(own_B.dtype)
        class_kB = classes.gather(0, order).long()
    second = (best_kB[1], class_kB[1]) if depth == 2 else (None, None)
    return Survey(labels_B, own_B, best_kB[0], class_kB[0], *second)


def merged(parts: Iterator[Local]) -> Local:
    """One survey of consecutive blocks of columns, in order."""
    found = next(parts)
    for part in parts:
        values = torch.cat([found.best_kB, part.best_kB])
        classes = torch.cat([found.class_kB, part.class_kB])
        order = values.sort(dim=0, descending=True, stable=True).indices[: len(found.best_kB)]
        found = Local(
            torch.maximum(found.own_B, part.own_B),
            values.gather(0, order),
            classes.gather(0, order),
        )
    return found
