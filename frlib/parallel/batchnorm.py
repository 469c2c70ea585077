"""Batch norm whose statistics run over the batches of all workers, on CPU and GPU alike.

torch's own synchronised layer needs a GPU. This one needs any backend that gathers and sums (gloo,
NCCL). With n_r rows (samples times positions) on worker r, n = sum n_r, and per channel

    mean = sum n_r mean_r / n            var = sum n_r (var_r + (mean_r - mean)**2) / n
    y = w * h + b,                       h = (x - mean) / sqrt(var + eps)
    dx = w / sqrt(var + eps) * (dy - sum dy / n - h * sum (dy * h) / n)       sums over all workers

so there is one gathering in the forward pass (3 numbers a channel) and one sum in the backward pass
(2 numbers a channel). Combining means and centred variances (Chan, Golub and LeVeque, 1979) loses
no digits to cancellation, as sums of squares do. Workers may hold different numbers of samples, or
none. Statistics are taken in float32 when the input is narrower.

Gradients of w and b are a worker's own part: data-parallel averaging adds them up as it does all
others. The backward pass cannot be differentiated again.

In evaluation and in a group of one the layers do exactly what `nn.BatchNorm1d` and `nn.BatchNorm2d`
do. Parameters and buffers have the same names.
"""

from typing import Any, TypeVar

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from frlib.core.errors import NumericsError
from frlib.parallel.collectives import SINGLE, Group

M = TypeVar("M", bound=nn.Module)


class _Synced(_BatchNorm):
    group: Group = SINGLE

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """`[B, C, ...]` to the same shape, type and memory format."""
        if self.group.size == 1 or not self.training:
            return super().forward(input)
        self._check_input_dim(input)
        mean, var, rows = _statistics(input.detach(), self.group)
        if self.track_running_stats:
            self._track(mean, var, rows)
        return _Normalise.apply(
            input, self.weight, self.bias, mean, var, rows, self.eps, self.group
        )

    @torch.no_grad()
    def _track(self, mean: torch.Tensor, var: torch.Tensor, rows: torch.Tensor) -> None:
        assert self.num_batches_tracked is not None, "tracked together with the two below"
        assert self.running_mean is not None and self.running_var is not None
        self.num_batches_tracked.add_(1)
        rate = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
        unbiased = var * (rows / (rows - 1))
        self.running_mean.mul_(1 - rate).add_(mean * rate)
        self.running_var.mul_(1 - rate).add_(unbiased * rate)


class SyncBatchNorm1d(_Synced, nn.BatchNorm1d):
    """`nn.BatchNorm1d` over all workers of `group`."""


class SyncBatchNorm2d(_Synced, nn.BatchNorm2d):
    """`nn.BatchNorm2d` over all workers of `group`."""


_TWINS: dict[type[nn.Module], type[_Synced]] = {
    nn.BatchNorm1d: SyncBatchNorm1d,
    nn.BatchNorm2d: SyncBatchNorm2d,
    SyncBatchNorm1d: SyncBatchNorm1d,
    SyncBatchNorm2d: SyncBatchNorm2d,
}


def convert(module: M, group: Group) -> M:
    """Make every 1-d and 2-d batch norm in `module` (itself included) synchronise over `group`.

    Happens in place and returns `module`. Parameters and buffers stay the very same objects, so an
    optimiser that holds them goes on working. Call it as often as you like; the last group counts.
    """
    for layer in module.modules():
        twin = _TWINS.get(type(layer))
        if twin is not None:
            layer.__class__ = twin
            layer.group = group  # type: ignore[assignment]
    return module


def _statistics(x: torch.Tensor, group: Group) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mean `[C]`, biased variance `[C]` and row count `[]` of all workers, in float32 or wider."""
    channels = x.shape[1]
    rows = x.numel() // channels
    kind = torch.promote_types(x.dtype, torch.float32)
    own = torch.zeros(3, channels, dtype=kind, device=x.device)
    if rows:
        own[0], own[1] = torch.batch_norm_update_stats(x.to(kind), None, None, 0.0)
        own[2] = rows
    means, variances, counts = group.all_gather(own).view(-1, *own.shape).unbind(1)
    total = counts[:, 0].sum()
    if rows <= 1 and total <= 1:
        raise NumericsError(
            f"batch norm got {int(total)} rows over all workers; a variance needs two or more: "
            "raise batch_size, drop the short last batch, or call eval() first"
        )
    mean = (means * counts).sum(0) / total
    var = ((variances + (means - mean).square()) * counts).sum(0) / total
    return mean, var, total


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor | None,
        bias: torch.Tensor | None,
        mean: torch.Tensor,
        var: torch.Tensor,
        rows: torch.Tensor,
        eps: float,
        group: Group,
    ) -> torch.Tensor:
        ctx.save_for_backward(x, weight, mean, var, rows)
        ctx.eps, ctx.group = eps, group
        return functional.batch_norm(x, mean, var, weight, bias, training=False, eps=eps)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_y: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight, mean, var, rows = ctx.saved_tensors
        grad_x, dot_h, total = grad_y, torch.zeros_like(mean), torch.zeros_like(mean)
        if x.numel():
            # With fixed statistics: w / sqrt(var + eps) * dy, and this worker's two sums.
            grad_x, dot_h, total = torch.ops.aten.native_batch_norm_backward(
                grad_y, x, weight, mean, var, None, None, False, ctx.eps, [True, True, True]
            )
        sums = ctx.group.sum(torch.stack([dot_h, total]).to(mean.dtype))
        inverse = torch.rsqrt(var + ctx.eps)
        scale = inverse if weight is None else inverse * weight
        slope = -scale * inverse * sums[0] / rows
        offset = -scale * sums[1] / rows - slope * mean
        per_channel = (1, -1, *(1,) * (x.dim() - 2))
        grad_x = torch.addcmul(grad_x + offset.view(per_channel), x, slope.view(per_channel))
        affine = weight is not None
        own = (dot_h, total) if affine else (None, None)
        return grad_x.to(x.dtype), *own, None, None, None, None, None
