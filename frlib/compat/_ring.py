"""The last Q old features that went by, with their labels: a ring, the same on every worker.

Shapes: B images of all workers, Q slots, d dimensions, C classes of this worker.
"""

import torch
from torch import Tensor, nn

EMPTY = -1
"""Label of a slot without an image."""


class Ring(nn.Module):
    """features `[Q, d]`, labels `[Q]`, and where the next one goes."""

    features_Qd: Tensor
    labels_Q: Tensor
    head: Tensor

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("features_Qd", torch.zeros(size, dim))
        self.register_buffer("labels_Q", torch.full((size,), EMPTY))
        self.register_buffer("head", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def enter(self, old_Bd: Tensor, labels_B: Tensor) -> Tensor:
        """`[B]` the slots that images have got; B is at most Q. The slot of a zero row is empty."""
        size = len(self.labels_Q)
        slots_B = (self.head + torch.arange(len(labels_B), device=self.head.device)) % size
        is_there_B = (old_Bd != 0).any(1)
        self.features_Qd[slots_B] = old_Bd.to(self.features_Qd.dtype)
        self.labels_Q[slots_B] = torch.where(is_there_B, labels_B, EMPTY)
        self.head.copy_((self.head + len(labels_B)) % size)
        return slots_B
