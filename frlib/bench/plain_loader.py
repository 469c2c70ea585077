"""The usual way to load faces, to measure against: a file an image, PIL, transforms an image.

`torchvision.datasets.ImageFolder`, `RandomHorizontalFlip`, `ToTensor`, `Normalize(0.5, 0.5)`, and
torch's `DataLoader` with its default collate, in the process itself.
"""

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor
from torch.utils.data import DataLoader, Subset
from torchvision import transforms
from torchvision.datasets import ImageFolder


class PlainLoader:
    """Batches `[B, 3, S, S]` in [-1, 1] of a folder of identities, at `side` pixels."""

    def __init__(self, folder: Path, side: int, stored: int, batch: int) -> None:
        steps = [transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)]
        if side != stored:
            steps.insert(0, transforms.Resize((side, side)))
        self._plain = ImageFolder(str(folder), transforms.Compose(steps))
        flip = transforms.RandomHorizontalFlip()
        self._flipped = ImageFolder(str(folder), transforms.Compose([flip, *steps]))
        self._batch = batch

    def batches(self) -> Iterator[Tensor]:
        """One pass in random order, mirrored at random, whole batches."""
        yield from (
            images
            for images, _ in DataLoader(self._flipped, self._batch, shuffle=True, drop_last=True)
        )

    def images(self, rows: list[int]) -> Tensor:
        """`[n, 3, S, S]` of these images in order of the folder, none mirrored."""
        loader = DataLoader(Subset(self._plain, rows), len(rows))
        found: Tensor = next(iter(loader))[0]
        return found
