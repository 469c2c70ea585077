"""The losses of the heads as training code commonly writes them: the baseline of the benchmark.

The margin is evaluated for every class, a one-hot mask then picks the target, maxima are taken over
products with that mask, and autograd keeps what it needs. Values and gradients are those of
`frlib.heads` at a preset's defaults; nothing here is used in training.

B batch, D embedding, C classes, K centres per class, R = C · K rows of the weight.
"""

import math
from functools import partial
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, linear, normalize, relu

from frlib.core.errors import ConfigError
from frlib.core.suggest import did_you_mean
from frlib.heads.config import HeadConfig
from frlib.heads.presets import arcface, boundary, cosface, curricular, mv_softmax, subcenter

HEADS = ("arcface", "boundary", "cosface", "curricular", "mv_softmax", "subcenter")


class Loss(Protocol):
    """A loss with everything but the tensors fixed."""

    def __call__(self, emb_BD: Tensor, weight_RD: Tensor, labels_B: Tensor) -> Tensor:
        """Scalar, the mean over the batch."""
        ...


def build(config: HeadConfig) -> Loss:
    """The loss that this head computes; boundary always corrects."""
    match config:
        case arcface.Config():
            return partial(arc_loss, config)
        case boundary.Config():
            return partial(boundary_loss, config)
        case cosface.Config():
            return partial(cos_loss, config)
        case curricular.Config():
            return CurricularLoss(config)
        case mv_softmax.Config():
            return partial(mv_loss, config)
        case subcenter.Config():
            return partial(subcenter_loss, config)
    raise no_loss(config.name)


def require(name: str) -> None:
    """`ConfigError` where there is no loss to compare this head with."""
    if name not in HEADS:
        raise no_loss(name)


def no_loss(name: str) -> ConfigError:
    """What to say of a head without one."""
    return ConfigError(
        f"{name!r}: no one-hot loss to compare with{did_you_mean(name, HEADS)}. "
        f"Choices: {', '.join(HEADS)}"
    )


def arc_loss(config: arcface.Config, emb_BD: Tensor, weight_RD: Tensor, labels_B: Tensor) -> Tensor:
    """ArcFace, hard past π − m."""
    cos_BC = _cosines(emb_BD, weight_RD)
    phi_BC = _turned(cos_BC, config.margin)
    return _mixed_loss(cos_BC, phi_BC, _mask(labels_B, cos_BC), labels_B, config.scale)


def cos_loss(config: cosface.Config, emb_BD: Tensor, weight_RD: Tensor, labels_B: Tensor) -> Tensor:
    """CosFace."""
    cos_BC = _cosines(emb_BD, weight_RD)
    phi_BC = cos_BC - config.margin
    return _mixed_loss(cos_BC, phi_BC, _mask(labels_B, cos_BC), labels_B, config.scale)


def subcenter_loss(
    config: subcenter.Config, emb_BD: Tensor, weight_RD: Tensor, labels_B: Tensor
) -> Tensor:
    """Sub-center ArcFace, hard past π − m."""
    cos_BCK = _cosines(emb_BD, weight_RD).view(len(emb_BD), -1, config.loss_k)
    cos_BC, _ = cos_BCK.max(dim=2)
    phi_BC = _turned(cos_BC, config.margin) - config.cos_margin
    return _mixed_loss(cos_BC, phi_BC, _mask(labels_B, cos_BC), labels_B, config.scale)


def boundary_loss(
    config: boundary.Config, emb_BD: Tensor, weight_RD: Tensor, labels_B: Tensor
) -> Tensor:
    """BoundaryFace in an epoch that corrects labels, maxima floored at 0 by the mask."""
    cos_BC = _cosines(emb_BD, weight_RD)
    phi_BC = _turned(cos_BC, config.margin)
    given_BC = _mask(labels_B, cos_BC)
    with torch.no_grad():
        own_B, _ = (cos_BC * given_BC).max(dim=1)
        best_B, other_B = (phi_BC * (1 - given_BC)).max(dim=1)
        used_B = torch.where(best_B > own_B, other_B, labels_B)
        used_BC = _mask(used_B, cos_BC)
    ce = _mixed_loss(cos_BC, phi_BC, used_BC, used_B, config.scale)
    hardest_B, _ = (cos_BC * (1 - used_BC)).max(dim=1)
    target_B, _ = (phi_BC * used_BC).max(dim=1)
    return ce + config.lam * relu(hardest_B - target_B).mean()


def mv_loss(
    config: mv_softmax.Config, emb_BD: Tensor, weight_RD: Tensor, labels_B: Tensor
) -> Tensor:
    """MV-Arc-Softmax with a fixed weight."""
    cos_BC = _cosines(emb_BD, weight_RD)
    mask_BC = _mask(labels_B, cos_BC)
    own_B1 = (cos_BC * mask_BC).sum(dim=1, keepdim=True)
    target_B1 = _turned(own_B1, config.margin).clamp(-1, 1)
    raised_BC = torch.where(cos_BC >= target_B1, cos_BC + config.t_weight, cos_BC).clamp(-1, 1)
    return _mixed_loss(raised_BC, target_B1, mask_BC, labels_B, config.scale)


class CurricularLoss:
    """CurricularFace. `t` is the moving mean of the target cosines, a scalar, from 0."""

    def __init__(self, config: curricular.Config) -> None:
        self.config = config
        self.t = torch.zeros(())

    def __call__(self, emb_BD: Tensor, weight_RD: Tensor, labels_B: Tensor) -> Tensor:
        """Scalar; moves `t`."""
        rate = self.config.ema_rate
        cos_BC = _cosines(emb_BD, weight_RD)
        mask_BC = _mask(labels_B, cos_BC)
        own_B1 = (cos_BC * mask_BC).sum(dim=1, keepdim=True)
        self.t = rate * own_B1.detach().mean() + (1 - rate) * self.t.to(own_B1.device)
        is_hard_BC = cos_BC > _phi(own_B1, self.config.margin)
        others_BC = torch.where(is_hard_BC, cos_BC * (self.t + cos_BC), cos_BC)
        target_B1 = _turned(own_B1, self.config.margin)
        return _mixed_loss(others_BC, target_B1, mask_BC, labels_B, self.config.scale)


def _cosines(emb_BD: Tensor, weight_RD: Tensor) -> Tensor:
    """`[B, R]`."""
    return linear(normalize(emb_BD), normalize(weight_RD))


def _mask(labels_B: Tensor, cos_BC: Tensor) -> Tensor:
    """`[B, C]`: 1 in the column of the label, 0 elsewhere."""
    return torch.zeros_like(cos_BC).scatter_(1, labels_B[:, None], 1.0)


def _phi(cos: Tensor, margin: float) -> Tensor:
    """cos(arccos c + margin), any shape; radians."""
    sine = (1 - cos**2).clamp(min=1e-12).sqrt()
    return cos * math.cos(margin) - sine * math.sin(margin)


def _turned(cos: Tensor, margin: float) -> Tensor:
    """`_phi`, and c − m·sin m where the angle passes π − m."""
    lowered = cos - margin * math.sin(margin)
    return torch.where(cos > -math.cos(margin), _phi(cos, margin), lowered)


def _mixed_loss(
    others_BC: Tensor, target: Tensor, mask_BC: Tensor, labels_B: Tensor, scale: float
) -> Tensor:
    """Scaled cross-entropy of the target (`[B, C]` or `[B, 1]`) where the mask is 1."""
    logits_BC = mask_BC * target + (1 - mask_BC) * others_BC
    return cross_entropy(logits_BC * scale, labels_B)
