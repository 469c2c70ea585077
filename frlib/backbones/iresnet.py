"""Improved residual networks in the form face recognition trains them: iresnet18 to iresnet200.

A stride-1 stem keeps the resolution; four stages of pre-normalised blocks (BN, 3x3, BN, PReLU,
3x3, BN) halve it once each; then BN, dropout, a full connection over the last map and BN.

Parameter names and shapes are those of insightface's arcface_torch, so its published weights load
with `frlib.backbones.load_public` (trained at 112 pixels, 512 dimensions). iresnet50 there has
43.59 M parameters. `features.weight` stays 1 and is not trained, and convolutions start from
N(0, 0.1), as in the source.

Other input sizes than 112 are offered where 16 divides them; they change the shape of `fc` alone.
"""

from typing import TYPE_CHECKING, Literal

from frlib.backbones._size import final_map
from frlib.core.config import Config as _Config
from frlib.core.config import setting
from frlib.core.paper import Paper

if TYPE_CHECKING:
    from torch import nn

PAPER = Paper(
    key="deng2019arcface",
    title="IResNet",
    where="section 2.2; insightface, recognition/arcface_torch/backbones/iresnet.py",
    url="https://arxiv.org/abs/1801.07698",
)


class Config(_Config):
    """Which depth, and the size of its embedding."""

    name: Literal["iresnet"] = "iresnet"
    embedding_size: int = setting(512, ge=1, doc="length of the embedding")
    depth: Literal[18, 34, 50, 100, 200] = setting(50, doc="layers, as in the network's name")
    dropout: float = setting(
        0.0,
        ge=0,
        lt=1,
        doc="dropout before the full connection",
        source="arcface_torch: 0; paper: 0.4",
    )


def build(config: Config, size: int) -> "nn.Module":
    """The network for images of `size` pixels; `ConfigError` unless 16 divides `size`."""
    last_map = final_map(size, "iresnet")
    from frlib.backbones._iresnet_net import IResNet

    return IResNet(config.depth, last_map, config.embedding_size, config.dropout)
