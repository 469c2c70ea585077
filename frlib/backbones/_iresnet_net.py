"""The network of `iresnet`. Attribute names are those of published checkpoints."""

import torch
from torch import nn

from frlib.backbones._layers import PReLU, fixed_scale_batchnorm
from frlib.parallel.draws import Dropout

BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 14, 3),
    100: (3, 13, 30, 3),
    200: (6, 26, 60, 6),
}
WIDTHS = (64, 128, 256, 512)


class Block(nn.Module):
    """BN, 3x3, BN, PReLU, 3x3 (strided), BN; plus the input, by a strided 1x1 and BN if needed."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inside)
        self.conv1 = nn.Conv2d(inside, outside, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.prelu = PReLU(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, stride=stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(outside)
        self.downsample: nn.Module | None = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(
                nn.Conv2d(inside, outside, 1, stride=stride, bias=False), nn.BatchNorm2d(outside)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, inside, h, w]` to `[B, outside, h / stride, w / stride]`."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        summed: torch.Tensor = self.bn3(self.conv2(x)) + shortcut
        return summed


def _stage(inside: int, outside: int, count: int) -> nn.Sequential:
    rest = (Block(outside, outside, 1) for _ in range(count - 1))
    return nn.Sequential(Block(inside, outside, 2), *rest)


class IResNet(nn.Module):
    """`[B, 3, 16 s, 16 s]` to `[B, embedding_size]`, where s is the side of the last map."""

    def __init__(self, depth: int, last_map: int, embedding_size: int, dropout: float) -> None:
        super().__init__()
        counts = BLOCKS[depth]
        self.conv1 = nn.Conv2d(3, WIDTHS[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.prelu = PReLU(WIDTHS[0])
        self.layer1 = _stage(WIDTHS[0], WIDTHS[0], counts[0])
        self.layer2 = _stage(WIDTHS[0], WIDTHS[1], counts[1])
        self.layer3 = _stage(WIDTHS[1], WIDTHS[2], counts[2])
        self.layer4 = _stage(WIDTHS[2], WIDTHS[3], counts[3])
        self.bn2 = nn.BatchNorm2d(WIDTHS[3])
        self.dropout = Dropout(dropout)
        self.fc = nn.Linear(WIDTHS[3] * last_map**2, embedding_size)
        self.features = fixed_scale_batchnorm(embedding_size)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images `[B, 3, size, size]` to embeddings `[B, embedding_size]`."""
        x = self.prelu(self.bn1(self.conv1(images)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        x = torch.flatten(self.bn2(x), 1)
        emb_BD: torch.Tensor = self.features(self.fc(self.dropout(x)))
        return emb_BD
