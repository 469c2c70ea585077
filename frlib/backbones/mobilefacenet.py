"""MobileFaceNet: inverted bottlenecks and a depthwise convolution over the whole last map.

Parameter names and shapes are those of insightface's arcface_torch (`get_mbf`: scale 2 and blocks
1, 4, 6, 2; `get_mbf_large`: scale 4 and blocks 2, 8, 12, 4), so its published weights load with
`frlib.backbones.load_public`. At 112 pixels and 512 dimensions `get_mbf` has 2.06 M parameters.

Deviations of that code from the paper, kept here: twice the width, 512 dimensions instead of 128, a
plain first layer grouped by 64, and bottlenecks whose hidden width does not grow with the scale.

Depthwise layers train slowly on CPUs, and bfloat16 does not help them: the dense `tiny` does more
images a second there. Other input sizes than 112 change the kernel of the last depthwise
layer alone.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from frlib.backbones._size import final_map
from frlib.core.config import Config as _Config
from frlib.core.config import setting
from frlib.core.paper import Paper

if TYPE_CHECKING:
    from torch import nn

PAPER = Paper(
    key="chen2018mobilefacenets",
    title="MobileFaceNet",
    where="table 1; insightface, recognition/arcface_torch/backbones/mobilefacenet.py",
    url="https://arxiv.org/abs/1804.07573",
)

_Count = Annotated[int, Field(ge=1)]


class Config(_Config):
    """Width, depth and the size of the embedding."""

    name: Literal["mobilefacenet"] = "mobilefacenet"
    embedding_size: int = setting(512, ge=1, doc="length of the embedding")
    scale: int = setting(2, ge=1, doc="width in multiples of 64 and 128 channels")
    blocks: tuple[_Count, _Count, _Count, _Count] = setting(
        (1, 4, 6, 2), doc="bottlenecks of the four stages; a first 1 is a plain grouped layer"
    )


def build(config: Config, size: int) -> "nn.Module":
    """The network for images of `size` pixels; `ConfigError` unless 16 divides `size`."""
    last_map = final_map(size, "mobilefacenet")
    from frlib.backbones._mobilefacenet_net import MobileFaceNet

    return MobileFaceNet(last_map, config.embedding_size, config.scale, config.blocks)
