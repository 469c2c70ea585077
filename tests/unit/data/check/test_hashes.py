"""Hashes against the formula, and how they stand compression, size and other faces."""

import io

import numpy as np
import pytest
from PIL import Image

from frlib.data.check.hashes import BITS, SIDE, grey, hashes
from tests.unit.data.check.made import jpeg, pixels

FACES = pixels(12, 4)


def _hashes(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    small = [Image.fromarray(one).resize((SIDE, SIDE), Image.Resampling.BILINEAR) for one in images]
    return hashes(grey(np.stack([np.asarray(one) for one in small])))


def _near(one: tuple[np.ndarray, np.ndarray], two: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return (np.bitwise_count(one[0] ^ two[0]) <= 3) & (np.bitwise_count(one[1] ^ two[1]) <= 8)


def _jpeg_again(picture: np.ndarray, quality: int) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg(picture, quality))))


def test_hashes_when_written_out_then_signs_of_the_lowest_frequencies() -> None:
    """The cosine sums of the definition, for the first places of the order of frequencies."""
    luma = np.random.default_rng(0).uniform(0, 255, (1, SIDE, SIDE)).astype(np.float32)
    coarse, _ = hashes(luma)
    at = (np.arange(SIDE) + 0.5) * np.pi / SIDE
    places = [(0, 1), (1, 0), (0, 2), (1, 1), (2, 0), (0, 3)]
    for bit, (row, column) in enumerate(places):
        value = (np.cos(row * at)[:, None] * np.cos(column * at)[None] * luma[0]).sum()
        assert bool(coarse[0] >> np.uint64(bit) & np.uint64(1)) == (value > 0)


@pytest.mark.parametrize("quality", [90, 60, 40])
def test_hashes_when_compressed_again_then_few_bits_change(quality: int) -> None:
    one = _hashes(FACES)
    two = _hashes(np.stack([_jpeg_again(picture, quality) for picture in FACES]))
    assert _near(one, two).mean() > 0.9


def test_hashes_when_resized_then_few_bits_change() -> None:
    large = [Image.fromarray(one).resize((112, 112), Image.Resampling.BICUBIC) for one in FACES]
    one, two = _hashes(FACES), _hashes(np.stack([np.asarray(picture) for picture in large]))
    assert _near(one, two).mean() > 0.9


def test_hashes_when_faces_differ_then_many_bits_do() -> None:
    coarse, fine = _hashes(FACES)
    different = np.triu_indices(len(FACES), 1)
    one, two = ((coarse[side], fine[side]) for side in different)
    assert not _near(one, two).any()
    assert 12 < np.bitwise_count(one[0] ^ two[0]).mean() < BITS / 2 + 4


def test_grey_when_one_channel_is_lit_then_its_weight() -> None:
    lit = np.eye(3, dtype=np.uint8)[None, None] * 100
    np.testing.assert_allclose(grey(lit)[0, 0], [29.9, 58.7, 11.4], rtol=1e-6)
