"""The network of `mobilefacenet`. Attribute names are those of published checkpoints."""

import torch
from torch import nn

from frlib.backbones._layers import PReLU

HEAD_WIDTH = 512
STEM_GROUPS = 64


class ConvUnit(nn.Module):
    """Convolution, BN and (unless `linear`) PReLU."""

    def __init__(
        self, inside: int, outside: int, kernel: int = 1, *,
        stride: int = 1, padding: int = 0, groups: int = 1, linear: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(
                inside, outside, kernel, stride=stride, padding=padding, groups=groups, bias=False
            ),
            nn.BatchNorm2d(outside),
        )
        if not linear:
            self.layers.append(PReLU(outside))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, inside, h, w]` to `[B, outside, ...]`."""
        y: torch.Tensor = self.layers(x)
        return y


class Bottleneck(nn.Module):
    """1x1 to `hidden`, 3x3 depthwise (strided), linear 1x1 down, plus the input if `residual`."""

    def __init__(
        self, inside: int, outside: int, hidden: int, *, stride: int = 1, residual: bool = False
    ) -> None:
        super().__init__()
        self.residual = residual
        self.layers = nn.Sequential(
            ConvUnit(inside, hidden),
            ConvUnit(hidden, hidden, 3, stride=stride, padding=1, groups=hidden),
            ConvUnit(hidden, outside, linear=True),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, inside, h, w]` to `[B, outside, h / stride, w / stride]`."""
        y: torch.Tensor = self.layers(x)
        return x + y if self.residual else y


class Repeat(nn.Module):
    """`count` residual bottlenecks of one width."""

    def __init__(self, width: int, hidden: int, count: int) -> None:
        super().__init__()
        blocks = (Bottleneck(width, width, hidden, residual=True) for _ in range(count))
        self.layers = nn.Sequential(*blocks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape stays."""
        y: torch.Tensor = self.layers(x)
        return y


class Embedding(nn.Module):
    """A depthwise convolution over the whole last map, a full connection without offset, and BN."""

    def __init__(self, last_map: int, embedding_size: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            ConvUnit(HEAD_WIDTH, HEAD_WIDTH, last_map, groups=HEAD_WIDTH, linear=True),
            nn.Flatten(),
            nn.Linear(HEAD_WIDTH, embedding_size, bias=False),
            nn.BatchNorm1d(embedding_size),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, 512, last_map, last_map]` to `[B, embedding_size]`."""
        y: torch.Tensor = self.layers(x)
        return y


class MobileFaceNet(nn.Module):
    """`[B, 3, 16 s, 16 s]` to `[B, embedding_size]`, where s is the side of the last map."""

    def __init__(
        self, last_map: int, embedding_size: int, scale: int, blocks: tuple[int, int, int, int]
    ) -> None:
        super().__init__()
        narrow, wide = 64 * scale, 128 * scale
        second: nn.Module = Repeat(narrow, 128, blocks[0])
        if blocks[0] == 1:
            second = ConvUnit(narrow, narrow, 3, padding=1, groups=STEM_GROUPS)
        self.layers = nn.ModuleList(
            [
                ConvUnit(3, narrow, 3, stride=2, padding=1),
                second,
                Bottleneck(narrow, narrow, 128, stride=2),
                Repeat(narrow, 128, blocks[1]),
                Bottleneck(narrow, wide, 256, stride=2),
                Repeat(wide, 256, blocks[2]),
                Bottleneck(wide, wide, 512, stride=2),
                Repeat(wide, 256, blocks[3]),
            ]
        )
        self.conv_sep = ConvUnit(wide, HEAD_WIDTH)
        self.features = Embedding(last_map, embedding_size)
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images `[B, 3, size, size]` to embeddings `[B, embedding_size]`."""
        x = images
        for layer in self.layers:
            x = layer(x)
        emb_BD: torch.Tensor = self.features(self.conv_sep(x))
        return emb_BD
