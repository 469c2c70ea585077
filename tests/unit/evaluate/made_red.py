"""Faces that are told apart by one channel, and a model that sees the red one alone."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tests.unit.data.tiny_sets import encoded


class Red:
    """A model that sees the red channel alone."""

    size = 20
    colour = "RGB"
    about: ClassVar[dict[str, Any]] = {
        "kind": "made",
        "digest": "red",
        "colour": "RGB",
        "dimensions": 25,
    }

    def embed(self, images: np.ndarray) -> np.ndarray:
        blocks = images[..., 0].reshape(len(images), 5, 4, 5, 4).astype(np.float32)
        found: np.ndarray = blocks.mean(axis=(2, 4)).reshape(len(images), 25)
        return found - found.mean(axis=1, keepdims=True)


def write_faces(root: Path, channel: int, num: int = 40) -> Path:
    """Two pictures `p<k>/<0 or 1>.jpg` of each person; the other channels are noise."""
    rng = np.random.default_rng(4)
    for person in range(num):
        (root / f"p{person}").mkdir(parents=True)
        pattern = np.kron(rng.integers(60, 200, size=(5, 5)), np.ones((4, 4)))
        for shot in range(2):
            picture = rng.integers(0, 255, size=(20, 20, 3))
            picture[..., channel] = (pattern + rng.normal(0, 20, size=(20, 20))).clip(0, 255)
            data = encoded(picture.astype(np.uint8), "PNG")
            (root / f"p{person}" / f"{shot}.jpg").write_bytes(data)
    return root
