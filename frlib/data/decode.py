"""Encoded images to square RGB pixels: one decoder for every source, so sources agree to the bit.

JPEG is decoded by libjpeg-turbo (`simplejpeg`), straight into the caller's buffer where the size
fits; what it does not take, and PNG, WebP and BMP, go through Pillow. Both give the same pixels:
the exact inverse transform and the smooth chroma upsampling, never the fast ones. The whole image
is resized to the square (bilinear, antialiased), so an image that is not square changes its aspect,
as in the published preparation of outliers.

| stored as | becomes |
|---|---|
| grey, grey with alpha, one bit | three equal channels |
| palette | the colours of the palette |
| alpha | dropped, not blended |
| CMYK, YCCK | RGB without a colour profile |
| EXIF orientation | ignored: nothing is rotated |
| 16 bits per channel (PNG), 12 or more (JPEG) | `DataError` |
| truncated, empty, of another format | `DataError` |
| a JPEG damaged inside that Pillow can still decode | its pixels |
| more than `MOST_PIXELS` | `DataError`, before any memory is taken |
"""

import io

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from frlib.core.errors import DataError
from frlib.data.reader import ByteReader

MOST_PIXELS = 64_000_000
_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_DEPTH = 24
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
_EIGHT_BIT = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"})
_WITH_PALETTE = frozenset({"P", "PA"})
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def image(
    data: bytes, size: int, colour: str, where: str, out: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """One encoded image -> `[size, size, 3]` RGB, in `out` if that is given.

    `colour`: order of the stored channels; `BGR` is turned round. `where` names source and sample
    in the `DataError` raised for bytes that are no image. `out`: contiguous; undefined after an
    error.
    """
    found = None
    if data[:3] == _JPEG:
        found = _jpeg(data, size, colour, where, out)
    if found is None:
        found = _by_pillow(data, size, colour, where)
    if out is None or found is out:
        return found
    out[:] = found
    return out


def whole(data: bytes, colour: str, where: str) -> NDArray[np.uint8]:
    """One encoded image -> `[H, W, 3]` RGB at the size it is stored in; errors as of `image`."""
    found = _jpeg(data, None, colour, where, None) if data[:3] == _JPEG else None
    return _by_pillow(data, None, colour, where) if found is None else found


def images(reader: ByteReader, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """`[n]` refs -> `[n, size, size, 3]` RGB, read in ascending order of ref."""
    out = np.empty((len(refs), size, size, 3), dtype=np.uint8)
    for place in np.argsort(refs, kind="stable").tolist():
        ref = int(refs[place])
        image(reader.read(ref), size, reader.colour, reader.where(ref), out[place])
    return out


def _jpeg(
    data: bytes, size: int | None, colour: str, where: str, out: NDArray[np.uint8] | None
) -> NDArray[np.uint8] | None:
    """None for what only Pillow can judge: damage, CMYK, channels that are not YCbCr."""
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data)
        if space not in ("YCbCr", "Gray"):
            return None
        _require_size(width, height, where)
        if size is not None and (height, width) == (size, size):
            buffer = np.empty((size, size, 3), dtype=np.uint8) if out is None else out
            simplejpeg.decode_jpeg(data, colour, buffer=buffer)
            return buffer
        pixels = simplejpeg.decode_jpeg(data, colour)
    except ValueError:
        _require_depth(_jpeg_depth(data), "JPEG", where)
        return None
    return np.asarray(_resized(Image.fromarray(pixels), size))


def _by_pillow(data: bytes, size: int | None, colour: str, where: str) -> NDArray[np.uint8]:
    if data[:8] == _PNG and len(data) > _PNG_DEPTH:
        _require_depth(data[_PNG_DEPTH], "PNG", where)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            _require_size(*opened.size, where)
            opened.load()
            picture = opened.convert("RGBA") if opened.mode in _WITH_PALETTE else opened.copy()
    except _BOMBS as error:
        raise _too_large(str(error), where) from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise DataError(
            f"{where}: {len(data):,} bytes that cannot be decoded as an image ({_reason(error)}); "
            "expected JPEG, PNG, WebP or BMP. Replace or remove this image and run again."
        ) from error
    if picture.mode not in _EIGHT_BIT:
        raise DataError(f"{where}: pixels of kind {picture.mode}; expected 8 bits per channel")
    pixels = np.asarray(_resized(picture.convert("RGB"), size))
    return np.ascontiguousarray(pixels[..., ::-1]) if colour == "BGR" else pixels


def _resized(picture: Image.Image, size: int | None) -> Image.Image:
    if size is None or picture.size == (size, size):
        return picture
    return picture.resize((size, size), Image.Resampling.BILINEAR)


def _jpeg_depth(data: bytes) -> int:
    """Bits per channel that the frame header tells; 8 where there is none to be found."""
    at = 2
    while at + 5 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAMES:
            return data[at + 4]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 8


def _require_depth(bits: int, kind: str, where: str) -> None:
    if bits > 8:
        raise DataError(
            f"{where}: {kind} with {bits} bits per channel; expected 8 bits per channel. Convert "
            "or remove this image and run again."
        )


def _require_size(width: int, height: int, where: str) -> None:
    if width * height > MOST_PIXELS:
        raise _too_large(f"{width:,} x {height:,} pixels", where)


def _too_large(found: str, where: str) -> DataError:
    return DataError(
        f"{where}: {found}; expected at most {MOST_PIXELS:,} pixels. Shrink or remove this image "
        "and run again."
    )


def _reason(error: Exception) -> str:
    """Pillow's words, without the name of a buffer that tells nobody anything."""
    return str(error).partition(" <_io")[0] or type(error).__name__
