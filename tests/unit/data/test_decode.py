import warnings

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data import decode
from tests.unit.data.tiny_sets import encoded, jpeg

PICTURE = np.random.default_rng(0).integers(0, 256, size=(24, 24, 3), dtype=np.uint8)


@pytest.mark.parametrize(("kind", "how"), [("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True})])
def test_image_when_stored_without_loss_then_pixels_are_exact(kind: str, how: dict) -> None:
    found = decode.image(encoded(PICTURE, kind, **how), 24, "RGB", "x")
    np.testing.assert_array_equal(found, PICTURE)


@pytest.mark.slow
def test_image_when_jpeg_then_equal_to_torchvision() -> None:
    """Two linked JPEG libraries, one picture: no fast transform is in use."""
    torch = pytest.importorskip("torch")
    io = pytest.importorskip("torchvision.io")
    data = jpeg(3, side=32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        expected = io.decode_image(torch.frombuffer(bytearray(data), dtype=torch.uint8))
    found = decode.image(data, 32, "RGB", "x")
    np.testing.assert_array_equal(found, expected.permute(1, 2, 0).numpy())


def test_image_when_stored_bgr_then_returned_rgb() -> None:
    found = decode.image(encoded(PICTURE[..., ::-1], "PNG"), 24, "BGR", "x")
    np.testing.assert_array_equal(found, PICTURE)


def test_image_when_grey_then_three_equal_channels() -> None:
    found = decode.image(encoded(PICTURE[..., 0], "PNG"), 24, "RGB", "x")
    np.testing.assert_array_equal(found, np.repeat(PICTURE[..., :1], 3, axis=2))


def test_image_when_halved_then_triangle_filter() -> None:
    """An antialiased bilinear half weighs four neighbours 1, 3, 3, 1 (over 8) along each axis."""

    def half(values: np.ndarray) -> np.ndarray:
        return (values[1:-3:2] + 3 * values[2:-2:2] + 3 * values[3:-1:2] + values[4::2]) / 8

    expected = half(half(PICTURE.astype(np.float64)).swapaxes(0, 1)).swapaxes(0, 1)
    found = decode.image(encoded(PICTURE, "PNG"), 12, "RGB", "x")[1:-1, 1:-1]
    assert expected.shape == found.shape
    assert np.abs(found - expected).max() <= 1


@pytest.mark.parametrize(
    "data", [b"", b"no picture at all", b"BM but no bitmap", jpeg(0)[:200], jpeg(0)[:-40]]
)
def test_image_when_bytes_are_damaged_then_error_names_the_sample(data: bytes) -> None:
    with pytest.raises(DataError, match=r"set: anna/1\.jpg: .*cannot be decoded.*Replace or"):
        decode.image(data, 16, "RGB", "set: anna/1.jpg")


def test_image_when_16_bits_then_error_says_so() -> None:
    data = encoded(np.zeros((8, 8), dtype=np.uint16), "PNG")
    with pytest.raises(DataError, match="8 bits per channel"):
        decode.image(data, 8, "RGB", "x")
