"""One feature a file: the official MegaFace `.bin`, or `.npy`.

A `.bin` holds four int32, little-endian (rows = dimensions, columns = 1, bytes a row = 4, OpenCV's
code 5 for float32), then `rows` float32.
"""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.errors import DataError

_HEADER = struct.Struct("<4i")
_AFTER_ROWS = (1, 4, 5)
_MAX_DIM = 1 << 20


def read(path: Path) -> NDArray[np.float32]:
    """`[D]` float32 of a `.bin` or `.npy` file; `DataError` unless it is one finite vector."""
    if path.suffix not in (".bin", ".npy"):
        raise DataError(f"{path}: a feature file ends in .bin or .npy")
    try:
        found = _bin(path) if path.suffix == ".bin" else np.load(path, allow_pickle=False)
    except safeio.NOT_NUMPY as error:
        raise DataError(f"{path}: cannot be read as a feature ({error})") from error
    if not isinstance(found, np.ndarray) or not np.issubdtype(found.dtype, np.floating):
        raise DataError(f"{path}: holds no array of floating-point numbers")
    with np.errstate(over="ignore"):
        vector: NDArray[np.float32] = found.ravel().astype(np.float32, copy=False)
    if not 0 < len(vector) <= _MAX_DIM or max(found.shape, default=0) != len(vector):
        raise DataError(f"{path}: array of shape {found.shape}; expected one vector")
    if not np.isfinite(vector).all():
        raise DataError(
            f"{path}: {int((~np.isfinite(vector)).sum())} of {len(vector)} numbers are not finite. "
            "Extract the features of this image again"
        )
    return vector


def write_bin(path: Path, feature_D: NDArray[np.floating]) -> None:
    """One vector as a `.bin` file, whole or absent."""
    values = np.asarray(feature_D).astype("<f4").ravel()
    safeio.write_bytes(path, _HEADER.pack(len(values), *_AFTER_ROWS) + values.tobytes())


def _bin(path: Path) -> NDArray[np.float32]:
    size = path.stat().st_size
    if size > _HEADER.size + 4 * _MAX_DIM:
        raise DataError(f"{path}: {size:,} bytes are too many for one feature")
    data = path.read_bytes()
    if len(data) < _HEADER.size:
        raise DataError(f"{path}: {len(data)} bytes; a feature has a header of {_HEADER.size}")
    rows, *rest = _HEADER.unpack_from(data)
    if tuple(rest) != _AFTER_ROWS or rows < 1:
        raise DataError(
            f"{path}: header {(rows, *rest)}; expected (dimensions, 1, 4, 5), which is a column of "
            "float32"
        )
    if len(data) != _HEADER.size + 4 * rows:
        raise DataError(
            f"{path}: {len(data)} bytes, the header promises {_HEADER.size + 4 * rows} "
            f"({rows} dimensions). Was the file cut off?"
        )
    return np.frombuffer(data, dtype="<f4", offset=_HEADER.size).astype(np.float32)
