"""Random changes to a whole batch on its device, and the cast to the network's input.

An image is cropped (its window moves, the border is repeated), then mirrored, then recoloured:

    brightness   x ← clip(f x)
    contrast     x ← clip(f x + (1 - f) mean over the image of grey(x))
    saturation   x ← clip(f x + (1 - f) grey(x))

with x in 0..1 and grey = 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). Without recolouring, pixels
stay whole numbers up to the cast. Shapes: b images, S side.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from frlib.data.augment import Draws
from frlib.parallel.transfer import sent

_GREY = (0.299, 0.587, 0.114)
_IN_CACHE = 32
"""Images that a CPU changes at once: their pixels stay in its cache from step to step."""


def network_input(images_bSS3: Tensor, draws: Draws, out_bSS3: Tensor | None = None) -> Tensor:
    """uint8 `[b, S, S, 3]` -> float `[b, 3, S, S]` (default type) in [-1, 1], channels_last.

    `images_bSS3` is not changed and not kept. out_bSS3: float memory for the result; taking it
    again for every batch saves the CPU half of the time, which goes into fresh pages.
    """
    if out_bSS3 is None:
        kind = torch.get_default_dtype()
        out_bSS3 = torch.empty(images_bSS3.shape, dtype=kind, device=images_bSS3.device)
    images = len(images_bSS3)
    at_once = _IN_CACHE if images_bSS3.device.type == "cpu" else images
    for start in range(0, images, at_once):
        part = slice(start, start + at_once)
        _write(images_bSS3[part], draws.take(part), out_bSS3[part])
    return out_bSS3.permute(0, 3, 1, 2)


def joined_input(parts: Sequence[tuple[Tensor, Draws]], out_bSS3: Tensor | None = None) -> Tensor:
    """The same of several batches, one behind the other."""
    counts = [len(images) for images, _ in parts]
    if out_bSS3 is None:
        like = parts[0][0]
        shape = (sum(counts), *like.shape[1:])
        out_bSS3 = torch.empty(shape, dtype=torch.get_default_dtype(), device=like.device)
    for (images, changes), place in zip(parts, out_bSS3.split(counts), strict=True):
        network_input(images, changes, place)
    return out_bSS3.permute(0, 3, 1, 2)


def _write(images_bSS3: Tensor, draws: Draws, out_bSS3: Tensor) -> None:
    if draws.shift is not None:
        images_bSS3 = _shifted(images_bSS3, draws.shift)
    if draws.flip.any():
        images_bSS3 = _mirrored(images_bSS3, draws.flip)
    if draws.colour is None:
        out_bSS3.copy_(images_bSS3).div_(127.5).sub_(1.0)
        return
    factors_b3 = sent(torch.from_numpy(draws.colour), out_bSS3.device).to(out_bSS3.dtype)
    out_bSS3.permute(0, 3, 1, 2).copy_(_recoloured(images_bSS3, factors_b3))


def _mirrored(images_bSS3: Tensor, flip_b: NDArray[np.bool_]) -> Tensor:
    """Mirrored images are put behind all, then every place takes its own: copies of whole images,
    which is several times faster than choosing pixel by pixel.
    """
    chosen = np.flatnonzero(flip_b)
    places = np.arange(len(flip_b))
    places[chosen] = len(flip_b) + np.arange(len(chosen))
    mirrored = _taken(images_bSS3, chosen).flip(2)
    return _taken(torch.cat([images_bSS3, mirrored]), places)


def _shifted(images_bSS3: Tensor, shift_b2: NDArray[np.int64]) -> Tensor:
    """Rows of pixels move as wholes; images that move sideways alike do so together."""
    images, side = images_bSS3.shape[:2]
    down, right = np.clip(shift_b2, 1 - side, side - 1).T
    order = np.argsort(right, kind="stable")
    rows = np.clip(np.arange(side) + down[order, None], 0, side - 1) + side * order[:, None]
    moved = _taken(images_bSS3.reshape(images * side, side, 3), rows.ravel()).view_as(images_bSS3)
    kinds, counts = np.unique(right, return_counts=True)
    parts = [
        _sideways(part, kind)
        for part, kind in zip(moved.split(counts.tolist()), kinds.tolist(), strict=True)
    ]
    return _taken(torch.cat(parts), np.argsort(order))


def _sideways(images_nSS3: Tensor, right: int) -> Tensor:
    side = images_nSS3.shape[2]
    if right > 0:
        edge = images_nSS3[:, :, -1:].expand(-1, -1, right, -1)
        return torch.cat([images_nSS3[:, :, right:], edge], dim=2)
    if right < 0:
        edge = images_nSS3[:, :, :1].expand(-1, -1, -right, -1)
        return torch.cat([edge, images_nSS3[:, :, : side + right]], dim=2)
    return images_nSS3


def _taken(values: Tensor, places: NDArray[np.int64]) -> Tensor:
    """`values[places]` along the first axis, by copying contiguous blocks."""
    index = sent(torch.from_numpy(places), values.device)
    return values.reshape(len(values), -1).index_select(0, index).view(-1, *values.shape[1:])


def _recoloured(images_bSS3: Tensor, factors_b3: Tensor) -> Tensor:
    """In planes, where the three channels of all pixels are added up at once."""
    brightness, contrast, saturation = factors_b3[:, :, None, None, None].unbind(1)
    x = images_bSS3.permute(0, 3, 1, 2).to(factors_b3.dtype, memory_format=torch.contiguous_format)
    x.mul_(brightness / 255).clamp_(max=1)
    mean = _grey(x).mean(dim=(2, 3), keepdim=True)
    x.mul_(contrast).add_((1 - contrast) * mean).clamp_(0, 1)
    grey = _grey(x).mul_(1 - saturation)
    x.mul_(saturation).add_(grey).clamp_(0, 1)
    return x.mul_(2).sub_(1)


def _grey(x_b3SS: Tensor) -> Tensor:
    red, green, blue = x_b3SS.split(1, dim=1)
    return (red * _GREY[0]).add_(green, alpha=_GREY[1]).add_(blue, alpha=_GREY[2])
