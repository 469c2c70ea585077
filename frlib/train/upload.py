"""Batches from the loader's buffers to the device, beside the computing where that is a GPU."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from frlib.data.loading.batch import Batch


class Upload:
    """Copies to one device. On return the loader may use the batch's buffer again.

    Not so on the CPU, where nothing is copied: there the images are the buffer itself, good until
    the next batch is asked for.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def __call__(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Images `[b, S, S, 3]` uint8, labels `[b]` and manifest rows `[b]` int64."""
        found = tuple(torch.as_tensor(a) for a in (batch.images, batch.labels, batch.rows))
        if self._stream is None:
            return found  # type: ignore[return-value]
        computing = torch.cuda.current_stream(self._device)
        with torch.cuda.stream(self._stream):
            found = tuple(tensor.to(self._device, non_blocking=True) for tensor in found)
        computing.wait_stream(self._stream)
        for tensor in found:
            tensor.record_stream(computing)
        self._stream.synchronize()
        return found  # type: ignore[return-value]


def pinned(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """A host buffer that a GPU can copy from by itself."""
    buffer: NDArray[np.uint8] = torch.empty(shape, dtype=torch.uint8, pin_memory=True).numpy()
    return buffer
