"""The length of the gradient of all of a model, however it is spread, and clipping by it."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from frlib.train.trainee import Trainee


def global_norm(trainee: Trainee, apart: Sequence[Tensor] = ()) -> Tensor:
    """Euclidean norm of all that is trained, `[]`, the same on every worker. No host waits for it.

    apart: gradients of class rows that are not in their parameter. Rows of classes that other
    workers hold count; what all workers hold alike counts once.
    """
    alike: list[Tensor] = [] if trainee.shares_classes else list(apart)
    parts: list[Tensor] = list(apart) if trainee.shares_classes else []
    for name, parameter in trainee.weights:
        if parameter.grad is not None:
            (parts if trainee.is_shared_out(name) else alike).append(parameter.grad)
    norm = get_total_norm(alike) if alike else None
    if not trainee.shares_classes:
        assert norm is not None, "a trained model has gradients"
        return norm
    like = alike[0] if alike else trainee.head.weight
    own = get_total_norm(parts) if parts else like.new_zeros(())
    square = trainee.head.shard.group.sum(own.square())
    return (square if norm is None else square + norm.square()).sqrt()


@torch.no_grad()
def multiply(gradients: Sequence[Tensor], factor: Tensor) -> None:
    """Every gradient times `factor` `[]`, in place, in as few launches as there are devices."""
    by_device: dict[torch.device, list[Tensor]] = {}
    for gradient in gradients:
        by_device.setdefault(gradient.device, []).append(gradient)
    for device, own in by_device.items():
        torch._foreach_mul_(own, factor.to(device))


def clip_factor(norm: Tensor, limit: float) -> Tensor:
    """min(1, limit / norm), as `torch.nn.utils.clip_grad_norm_` computes it."""
    return (limit / (norm + 1e-6)).clamp(max=1.0)
