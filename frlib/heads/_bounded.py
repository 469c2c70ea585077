"""Values kept within ±limit; at the bounds and beyond there is no gradient."""

import torch
from torch import Tensor


def bounded(values: Tensor, limit: Tensor) -> Tensor:
    """Clamped to [−limit, limit], with slope 1 strictly inside and 0 elsewhere."""
    return torch.where(values.abs() < limit, values, values.detach().clamp(-limit, limit))
