"""Small tensors from the host to where the computing is."""

import torch
from torch import Tensor


def sent(own: Tensor, device: torch.device) -> Tensor:
    """On the device; where that is a GPU, nothing waits for the work that is queued there."""
    return own.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else own
