"""Encoded images to square RGB pixels: one decoder for every source, so sources agree to the bit.

Pillow decodes JPEG, PNG, WebP and BMP (torchvision's decoders give the same pixels but are on their
way out, and need torch). Grey images become RGB with three equal channels, transparency is dropped,
and nothing is rotated by EXIF. The whole image is resized to the square (bilinear, antialiased), so
an image that is not square changes its aspect, as in the published preparation of outliers.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from frlib.core.errors import DataError
from frlib.data.reader import ByteReader

_EIGHT_BIT = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"})
_WITH_PALETTE = frozenset({"P", "PA"})


def image(data: bytes, size: int, colour: str, where: str) -> NDArray[np.uint8]:
    """One encoded image -> `[size, size, 3]` RGB.

    `colour`: order of the stored channels; `BGR` is turned round. `where` names source and sample
    in the `DataError` raised for bytes that are no image.
    """
    try:
        with Image.open(io.BytesIO(data)) as opened:
            opened.load()
            picture = opened.convert("RGBA") if opened.mode in _WITH_PALETTE else opened.copy()
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise DataError(
            f"{where}: {len(data):,} bytes that cannot be decoded as an image ({_reason(error)}); "
            "expected JPEG, PNG, WebP or BMP. Replace or remove this image and run again."
        ) from error
    if picture.mode not in _EIGHT_BIT:
        raise DataError(f"{where}: pixels of kind {picture.mode}; expected 8 bits per channel")
    picture = picture.convert("RGB")
    if picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(picture)
    return np.ascontiguousarray(pixels[..., ::-1]) if colour == "BGR" else pixels


def images(reader: ByteReader, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """`[n]` refs -> `[n, size, size, 3]` RGB, read in ascending order of ref."""
    out = np.empty((len(refs), size, size, 3), dtype=np.uint8)
    for place in np.argsort(refs, kind="stable"):
        ref = int(refs[place])
        out[place] = image(reader.read(ref), size, reader.colour, reader.where(ref))
    return out


def _reason(error: Exception) -> str:
    """Pillow's words, without the name of a buffer that tells nobody anything."""
    return str(error).partition(" <_io")[0] or type(error).__name__
