"""Training as it is commonly written: the baseline of the benchmark.

fp32, NCHW, the head as a one-hot loss, gradients clipped and parameters moved a tensor at a time,
the loss read in every step, checkpoints written where training stands. Nothing here is used in
training.

B batch, D embedding, R rows of the head's weight.
"""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from frlib.bench import onehot
from frlib.heads.config import HeadConfig


class Update:
    """Clip by the norm of all gradients, then SGD. like: of an optimiser, its `defaults`."""

    def __init__(
        self, parameters: Sequence[nn.Parameter], like: Mapping[str, Any], clip_norm: float
    ) -> None:
        self.parameters, self._clip_norm = parameters, clip_norm
        self.optimiser = torch.optim.SGD(
            parameters,
            lr=like["lr"],
            momentum=like["momentum"],
            nesterov=like["nesterov"],
            weight_decay=like["weight_decay"],
            foreach=False,
            fused=False,
        )

    def __call__(self) -> None:
        """One step with the gradients that are there."""
        clip_grad_norm_(self.parameters, self._clip_norm, foreach=False)
        self.optimiser.step()


class Loop:
    """A network and the weight of a head, `[R, D]`, and the step that moves them."""

    def __init__(
        self,
        net: nn.Module,
        weight_RD: Tensor,
        head: HeadConfig,
        like: Mapping[str, Any],
        clip_norm: float,
    ) -> None:
        self._net = net.train()
        self._weight_RD = nn.Parameter(weight_RD)
        self._loss = onehot.build(head)
        trained = [p for p in (*net.parameters(), self._weight_RD) if p.requires_grad]
        self._update = Update(trained, like, clip_norm)

    def __call__(self, images: Tensor, labels_B: Tensor) -> float:
        """Loss on `[B, 3, S, S]` before the step it does."""
        self.forget()
        loss = self._loss(self._net(images), self._weight_RD, labels_B)
        loss.backward()
        self._update()
        return loss.item()

    def forget(self) -> None:
        """Drop the gradients."""
        self._update.optimiser.zero_grad()


def save(net: nn.Module, optimiser: torch.optim.Optimizer, path: Path) -> None:
    """All numbers of both in one pickled file."""
    torch.save({"model": net.state_dict(), "optimiser": optimiser.state_dict()}, path)


class Plan(nn.Module):
    """The plan of an iresnet with one block a stage: `[B, 3, 16 s, 16 s]` to `[B, D]`.

    Widths w, 2w, 4w, 8w; a stem at full resolution; in every block the second 3x3 and a 1x1
    shortcut have the stride; PReLU. `tiny` is made from this plan and is another model.
    """

    def __init__(self, width: int, side: int, embedding_size: int) -> None:
        super().__init__()
        widths = [width, width, 2 * width, 4 * width, 8 * width]
        blocks = (_Block(*pair) for pair in itertools.pairwise(widths))
        last = widths[-1]
        scale = nn.BatchNorm1d(embedding_size)
        scale.weight.requires_grad_(False)
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.PReLU(width),
            *blocks,
            nn.BatchNorm2d(last),
            nn.Flatten(),
            nn.Linear(last * (side // 16) ** 2, embedding_size),
            scale,
        )

    def forward(self, images: Tensor) -> Tensor:
        """Images to embeddings."""
        emb_BD: Tensor = self.layers(images)
        return emb_BD


class _Block(nn.Module):
    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(inside),
            nn.Conv2d(inside, outside, 3, padding=1, bias=False),
            nn.BatchNorm2d(outside),
            nn.PReLU(outside),
            nn.Conv2d(outside, outside, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(outside),
        )
        self.shortcut = nn.Sequential(
            nn.Conv2d(inside, outside, 1, stride=2, bias=False), nn.BatchNorm2d(outside)
        )

    def forward(self, x: Tensor) -> Tensor:
        summed: Tensor = self.body(x) + self.shortcut(x)
        return summed
