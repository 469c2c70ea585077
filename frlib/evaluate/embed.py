"""Embeddings of manifest rows, and of their mirror images."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from frlib.core.errors import NumericsError
from frlib.data.pixels.batches import Pixels

BATCH = 256


def to_input(pixels: torch.Tensor) -> torch.Tensor:
    """uint8 NHWC to float NCHW (default type), x/127.5 - 1, channels_last, on the same device."""
    return pixels.permute(0, 3, 1, 2).to(torch.get_default_dtype()).div_(127.5).sub_(1.0)


def embed(
    backbone: nn.Module,
    pixels: Pixels,
    rows: NDArray[np.int64],
    *,
    mirrored: bool,
    device: torch.device,
    autocast: Callable[[], AbstractContextManager[object]],
) -> NDArray[np.float32]:
    """Raw embeddings `[N, D]` of these rows, in evaluation mode; `mirrored` flips left and right.

    Raises `NumericsError` when an embedding is not finite.
    """
    found = unchecked(backbone, pixels, rows, mirrored=mirrored, device=device, autocast=autocast)
    require_finite(found, rows)
    return found


def require_finite(emb_ND: NDArray[np.float32], rows: NDArray[np.int64]) -> None:
    """`NumericsError` with the first of these rows whose embedding is not finite."""
    bad = np.flatnonzero(~np.isfinite(emb_ND).all(axis=1))
    if len(bad):
        raise NumericsError(
            f"{len(bad)} of {len(rows)} embeddings are not finite (first: row {rows[bad[0]]}); "
            "the training diverged: lower optimiser.lr or the head's scale"
        )


@torch.no_grad()
def unchecked(
    backbone: nn.Module,
    pixels: Pixels,
    rows: NDArray[np.int64],
    *,
    mirrored: bool,
    device: torch.device,
    autocast: Callable[[], AbstractContextManager[object]],
) -> NDArray[np.float32]:
    """The same, whatever comes out: for workers that have to fail together."""
    was_training = backbone.training
    backbone.eval()
    parts = []
    for start in range(0, len(rows), BATCH):
        batch = pixels.batch(rows[start : start + BATCH])
        images = to_input(torch.from_numpy(batch).to(device))
        if mirrored:
            images = images.flip(3).contiguous(memory_format=torch.channels_last)
        with autocast():
            parts.append(backbone(images).float().cpu().numpy())
    backbone.train(was_training)
    return np.concatenate(parts)
