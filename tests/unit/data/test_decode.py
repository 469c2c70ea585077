import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from frlib.core.errors import DataError
from frlib.data import decode
from tests.unit.data.tiny_sets import encoded, jpeg

DRAW = np.random.default_rng(0)
PICTURE = DRAW.integers(0, 256, size=(24, 24, 3), dtype=np.uint8)
WIDE = DRAW.integers(0, 256, size=(37, 51, 3), dtype=np.uint8)


def _by_pillow(data: bytes, size: int) -> np.ndarray:
    """What Pillow alone makes of it, in plain steps."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    if picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def _saved(picture: Image.Image, kind: str, **how) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def _declaring(data: bytes, *, bits: int = 8, side: int = 0) -> bytes:
    """A JPEG whose frame header tells another precision, or another size."""
    changed = bytearray(data)
    frame = changed.find(b"\xff\xc0")
    changed[frame + 4] = bits
    if side:
        changed[frame + 5 : frame + 9] = side.to_bytes(2, "big") * 2
    return bytes(changed)


def _png(width: int, height: int, bits: int, kind: int, rows: bytes) -> bytes:
    """A PNG by hand; `kind` 0 grey, 2 colour."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


JPEGS = {
    "4:2:0": encoded(WIDE, "JPEG", quality=90),
    "4:2:2": encoded(WIDE, "JPEG", quality=75, subsampling=1),
    "4:4:4": encoded(WIDE, "JPEG", quality=95, subsampling=0),
    "progressive": encoded(WIDE, "JPEG", quality=40, progressive=True),
    "poor": encoded(WIDE, "JPEG", quality=5),
    "grey": encoded(WIDE[..., 0], "JPEG", quality=90),
    "CMYK": _saved(Image.fromarray(WIDE).convert("CMYK"), "JPEG"),
    "RGB inside": _saved(Image.fromarray(WIDE), "JPEG", keep_rgb=True),
    "square": encoded(WIDE[:32, :32], "JPEG", quality=90),
    "square, one row of blocks more": encoded(WIDE[:33, :33], "JPEG", quality=90),
}


@pytest.mark.parametrize("size", [16, 32, 33, 60])
@pytest.mark.parametrize("kind", JPEGS)
def test_image_when_jpeg_then_equal_to_pillow_to_the_bit(kind: str, size: int) -> None:
    expected = _by_pillow(JPEGS[kind], size)
    np.testing.assert_array_equal(decode.image(JPEGS[kind], size, "RGB", "x"), expected)
    turned = decode.image(JPEGS[kind], size, "BGR", "x")
    np.testing.assert_array_equal(turned, expected[..., ::-1])
    assert turned.flags.c_contiguous


@pytest.mark.parametrize("kind", ["square", "4:2:0", "CMYK", "png"])
def test_image_when_given_a_row_of_a_batch_then_fills_that_row_alone(kind: str) -> None:
    data = encoded(WIDE, "PNG") if kind == "png" else JPEGS[kind]
    batch = np.full((3, 32, 32, 3), 7, dtype=np.uint8)
    row = batch[1]
    assert decode.image(data, 32, "RGB", "x", row) is row
    np.testing.assert_array_equal(batch[1], _by_pillow(data, 32))
    assert (batch[[0, 2]] == 7).all()


@pytest.mark.parametrize(("kind", "how"), [("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True})])
def test_image_when_stored_without_loss_then_pixels_are_exact(kind: str, how: dict) -> None:
    found = decode.image(encoded(PICTURE, kind, **how), 24, "RGB", "x")
    np.testing.assert_array_equal(found, PICTURE)


@pytest.mark.slow
def test_image_when_jpeg_then_equal_to_torchvision() -> None:
    """Another linked JPEG library, the same picture: no fast transform is in use."""
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


def test_image_when_palette_then_its_colours_and_transparency_dropped() -> None:
    picture = Image.fromarray(PICTURE).quantize(16)
    expected = np.asarray(picture.convert("RGB"))
    data = _saved(picture, "PNG", transparency=3)
    np.testing.assert_array_equal(decode.image(data, 24, "RGB", "x"), expected)


def test_image_when_alpha_then_dropped_and_not_blended() -> None:
    alpha = DRAW.integers(0, 256, size=(24, 24, 1), dtype=np.uint8)
    data = encoded(np.concatenate([PICTURE, alpha], axis=2), "PNG")
    np.testing.assert_array_equal(decode.image(data, 24, "RGB", "x"), PICTURE)


def test_image_when_exif_asks_for_rotation_then_is_not_rotated() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    plain, marked = (encoded(WIDE, "JPEG", **how) for how in ({}, {"exif": exif}))
    assert plain != marked
    found = [decode.image(data, 30, "RGB", "x") for data in (plain, marked)]
    np.testing.assert_array_equal(*found)


def test_image_when_halved_then_triangle_filter() -> None:
    """An antialiased bilinear half weighs four neighbours 1, 3, 3, 1 (over 8) along each axis."""

    def half(values: np.ndarray) -> np.ndarray:
        return (values[1:-3:2] + 3 * values[2:-2:2] + 3 * values[3:-1:2] + values[4::2]) / 8

    expected = half(half(PICTURE.astype(np.float64)).swapaxes(0, 1)).swapaxes(0, 1)
    found = decode.image(encoded(PICTURE, "PNG"), 12, "RGB", "x")[1:-1, 1:-1]
    assert expected.shape == found.shape
    assert np.abs(found - expected).max() <= 1


@pytest.mark.parametrize("size", [16, 20])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture at all",
        b"BM but no bitmap",
        b"\xff\xd8\xff",
        jpeg(0)[:200],
        jpeg(0)[:-40],
        jpeg(0)[:-2],
        encoded(PICTURE, "PNG")[:-60],
        encoded(PICTURE, "GIF"),
    ],
    ids=["empty", "text", "bmp", "jpeg mark", "head", "tail", "no end", "png tail", "gif"],
)
def test_image_when_bytes_are_damaged_then_error_names_the_sample(data: bytes, size: int) -> None:
    with pytest.raises(DataError, match=r"set: anna/1\.jpg: .*cannot be decoded.*Replace or"):
        decode.image(data, size, "RGB", "set: anna/1.jpg")


def test_image_when_jpeg_is_damaged_inside_then_what_pillow_makes_of_it() -> None:
    data = bytearray(JPEGS["square"])
    middle = len(data) * 3 // 4
    data[middle : middle + 12] = bytes(12)
    damaged = bytes(data)
    expected = _by_pillow(damaged, 32)
    assert (expected != _by_pillow(JPEGS["square"], 32)).any()
    np.testing.assert_array_equal(decode.image(damaged, 32, "RGB", "x"), expected)


@pytest.mark.parametrize("kind", [0, 2], ids=["grey", "colour"])
def test_image_when_png_has_16_bits_then_error_says_so(kind: int) -> None:
    data = _png(8, 8, 16, kind, bytes(8 * (1 + 8 * 2 * (kind + 1))))
    with pytest.raises(DataError, match="16 bits per channel; expected 8 bits per channel"):
        decode.image(data, 8, "RGB", "x")


@pytest.mark.parametrize("bits", [12, 16])
def test_image_when_jpeg_has_more_than_8_bits_then_error_says_so(bits: int) -> None:
    with pytest.raises(DataError, match=rf"x: JPEG with {bits} bits per channel; expected 8"):
        decode.image(_declaring(jpeg(0), bits=bits), 20, "RGB", "x")


def test_image_when_a_jpeg_declares_a_huge_size_then_refused_before_memory_is_taken() -> None:
    with pytest.raises(DataError, match=r"x: 60,000 x 60,000 pixels; expected at most 64,000,000"):
        decode.image(_declaring(jpeg(0), side=60_000), 20, "RGB", "x")


@pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
def test_image_when_a_png_declares_a_huge_size_then_refused_before_memory_is_taken(
    side: int,
) -> None:
    with pytest.raises(DataError, match=r"x: .*pixels.*expected at most 64,000,000"):
        decode.image(_png(side, side, 8, 2, b""), 20, "RGB", "x")
