"""Encoded images to square RGB pixels: one decoder for every source, so sources agree to the bit.

JPEG, PNG, WebP and GIF are decoded by torchvision (exact DCT and upsampling, no fast modes); BMP,
which it lacks, by Pillow. Grey images become RGB with three equal channels, transparency is
dropped, and nothing is rotated by EXIF. The whole image is resized to the square (bilinear,
antialiased), so an image that is not square changes its aspect, as in the published preparation of
outliers.
"""

import io

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError
from frlib.data.reader import ByteReader


def image(data: bytes, size: int, colour: str, where: str) -> NDArray[np.uint8]:
    """One encoded image -> `[size, size, 3]` RGB.

    `colour`: order of the stored channels; `BGR` is turned round. `where` names source and sample
    in the `DataError` raised for bytes that are no image.
    """
    import torch
    from torchvision.transforms.v2 import functional

    try:
        pixels = _bitmap(data) if data[:2] == b"BM" else _encoded(data)
    except (RuntimeError, ValueError, OSError) as error:
        raise DataError(
            f"{where}: {len(data):,} bytes that cannot be decoded as an image "
            f"({(str(error) or type(error).__name__).splitlines()[0]}); expected JPEG, "
            "PNG, WebP or BMP. Replace or remove this image and run again."
        ) from error
    if pixels.dtype != torch.uint8:
        raise DataError(f"{where}: {pixels.dtype} pixels, expected 8 bits per channel. Convert it.")
    if pixels.shape[1:] != (size, size):
        pixels = functional.resize(pixels, [size, size], antialias=True)
    if colour == "BGR":
        pixels = pixels.flip(0)
    result: NDArray[np.uint8] = pixels.permute(1, 2, 0).contiguous().numpy()
    return result


def images(reader: ByteReader, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """`[n]` refs -> `[n, size, size, 3]` RGB, read in ascending order of ref."""
    out = np.empty((len(refs), size, size, 3), dtype=np.uint8)
    for place in np.argsort(refs, kind="stable"):
        ref = int(refs[place])
        out[place] = image(reader.read(ref), size, reader.colour, reader.where(ref))
    return out


def _encoded(data: bytes):  # type: ignore[no-untyped-def]
    import torch
    from torchvision.io import ImageReadMode, decode_image

    return decode_image(torch.frombuffer(bytearray(data), dtype=torch.uint8), ImageReadMode.RGB)


def _bitmap(data: bytes):  # type: ignore[no-untyped-def]
    import torch
    from PIL import Image

    return torch.from_numpy(np.array(Image.open(io.BytesIO(data)).convert("RGB"))).permute(2, 0, 1)
