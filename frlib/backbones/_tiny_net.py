"""The network of `tiny`."""

import torch
from torch import nn
from torch.nn import functional

from frlib.backbones._layers import fixed_scale_batchnorm

FOLD = 2


class Block(nn.Module):
    """BN, 3x3 (strided), BN, ReLU, 3x3, BN, plus the input; pooling and a 1x1 bridge a halving.

    The bridge averages 2x2 pixels before a 1x1 of stride 1. A strided 1x1 with few channels crashes
    in channels_last on x86 CPUs: its fp32 weight gradient writes outside its buffer below 8 input
    channels with AVX2 and below 16 with AVX-512 (oneDNN issue 6035).
    """

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inside)
        self.conv1 = nn.Conv2d(inside, outside, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(outside)
        self.downsample: nn.Module | None = None
        if stride != 1:
            self.downsample = nn.Sequential(
                nn.AvgPool2d(stride),
                nn.Conv2d(inside, outside, 1, bias=False),
                nn.BatchNorm2d(outside),
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, inside, h, w]` to `[B, outside, h / stride, w / stride]`."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = functional.relu(self.bn2(self.conv1(self.bn1(x))), inplace=True)
        summed: torch.Tensor = self.bn3(self.conv2(x)) + shortcut
        return summed


class Tiny(nn.Module):
    """`[B, 3, 16 s, 16 s]` to `[B, embedding_size]`, where s is the side of the last map."""

    def __init__(self, width: int, last_map: int, embedding_size: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3 * FOLD**2, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = Block(width, width, 1)
        self.layer2 = Block(width, 2 * width, 2)
        self.layer3 = Block(2 * width, 4 * width, 2)
        self.layer4 = Block(4 * width, 8 * width, 2)
        self.bn2 = nn.BatchNorm2d(8 * width)
        self.fc = nn.Linear(8 * width * last_map**2, embedding_size)
        self.features = fixed_scale_batchnorm(embedding_size)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images `[B, 3, size, size]` to embeddings `[B, embedding_size]`."""
        x = self.conv1(functional.pixel_unshuffle(images, FOLD))
        x = functional.relu(self.bn1(x), inplace=True)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        emb_BD: torch.Tensor = self.features(self.fc(torch.flatten(self.bn2(x), 1)))
        return emb_BD
