"""InsightFace's `.bin` pair sets (LFW, CFP-FP, AgeDB-30, ...), read without running their pickle.

Layout: one pickle of `(bins, issame)`. `bins`: a list of 2P encoded images, pair p being items 2p
and 2p + 1, each bytes (a `str` of Python 2) or a uint8 array of shape (n,) or (n, 1) as OpenCV's
encoder gives it. `issame`: a list of P flags (bool, 0/1 or numpy bool) or an array of them.

Source: `recognition/arcface_torch/eval/verification.py` and the packing scripts of
deepinsight/insightface. `load_bin` there takes `2 * len(issame)` images and ignores any others;
here a count that differs is an error.

Written in protocol 4, images as bytes and flags as bool, opcode by opcode and without a memo:

    80 04 5D 28                         protocol 4, an empty list, a mark
    42 u32 n, u8[n]  or  43 u8 n, u8[n] an image (43 below 256 bytes), and so on
    65 5D 28                            into the list; the list of flags, a mark
    88 or 89                            True or False, a pair each
    65 86 2E                            into the list; both lists as a tuple; the end
"""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.errors import DataError
from frlib.data.pairsets import restricted
from frlib.data.pairsets.images import ImagePairs, checked
from frlib.data.pairsets.stand_ins import Array, Refused, shown

MAX_BYTES = 4 << 30
_PROTOCOL, _LIST, _INTO_LIST = b"\x80\x04", b"](", b"e"
_TRUE, _FALSE, _TUPLE_OF_2, _STOP = b"\x88", b"\x89", b"\x86", b"."


def read(path: Path) -> ImagePairs:
    """The pairs of a `.bin` file; `DataError` for a damaged, hostile or inconsistent one."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(
                f"{path}: {size:,} bytes; expected at most {MAX_BYTES:,}. Is it a .bin pair set?"
            )
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read as a .bin pair set ({error})") from error
    return parse(data, str(path))


def write(path: Path, pairs: ImagePairs) -> None:
    """The pairs as a `.bin` file, whole or absent; `DataError` if `read` would refuse its size."""
    size = sum(len(image) + 5 for image in pairs.images) + 2 * len(pairs)
    if size > MAX_BYTES:
        raise DataError(
            f"{path}: {len(pairs):,} pairs take {size:,} bytes; a .bin has at most {MAX_BYTES:,}. "
            "Write them as a folder (pair_folder)."
        )
    with safeio.atomic(path) as aside, aside.open("wb") as file:
        file.write(_PROTOCOL + _LIST)
        for image in pairs.images:
            short = len(image) < 256
            file.write(struct.pack("<cB" if short else "<cI", b"C" if short else b"B", len(image)))
            file.write(image)
        file.write(_INTO_LIST + _LIST)
        file.write(b"".join(_TRUE if same else _FALSE for same in pairs.same.tolist()))
        file.write(_INTO_LIST + _TUPLE_OF_2 + _STOP)


def parse(data: bytes, where: str) -> ImagePairs:
    """The pairs of the bytes of a `.bin` file; `where` starts every message."""
    found = restricted.load(data, where)
    if not isinstance(found, tuple) or len(found) != 2:
        raise DataError(
            f"{where}: holds {shown(found)}; expected a tuple of images and flags. "
            "Is it a .bin pair set?"
        )
    bins, issame = found
    if not isinstance(bins, list):
        raise DataError(f"{where}: the images are {shown(bins)}; expected a list")
    images = [_image(item, f"{where}: image {number}") for number, item in enumerate(bins)]
    return checked(images, _flags(issame, where), where)


def _image(item: object, where: str) -> bytes:
    if isinstance(item, Array) and item.data is not None and item.dtype is not None:
        if item.dtype.code == "u1":
            return item.data
        raise DataError(f"{where} is an array of {item.dtype.code}; expected u1")
    if isinstance(item, bytes):
        return item
    raise DataError(f"{where} is {shown(item)}; expected bytes or a uint8 array")


def _flags(issame: object, where: str) -> NDArray[np.bool_]:
    if isinstance(issame, Array):
        try:
            return issame.flags()
        except Refused as error:
            raise DataError(f"{where}: the flags are {error}") from error
    if not isinstance(issame, list):
        raise DataError(f"{where}: the flags are {shown(issame)}; expected a list or an array")
    for number, flag in enumerate(issame):
        if not isinstance(flag, int) or flag not in (0, 1):
            raise DataError(f"{where}: flag {number} is {shown(flag)}; expected True or False")
    return np.array(issame, dtype=np.bool_)
