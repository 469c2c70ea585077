"""Features of many images as one array file: `features.npy` `[N, D]`, and its list of paths.

A million small files take minutes to open. `pack` reads them once; `Packed` then hands out slices,
read when they are asked for: unlike a memory map, what has been read does not stay in the process.
"""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.errors import DataError
from frlib.data.features import single
from frlib.data.progress import Progress

_LOG = logging.getLogger(__name__)
_FORM = "expected a float16, float32 or float64 array [images, dimensions] in C order"


class Packed:
    """Rows of an array file: `packed[100:200]` reads them. Any thread may ask.

    `DataError` when the file is damaged, cut off or of another form.
    """

    def __init__(self, path: Path) -> None:
        shape, self.dtype, self._start = _header(path)
        self.shape: tuple[int, ...] = shape
        self._path = path
        self._lock = threading.Lock()
        self._file = path.open("rb")

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise DataError(f"{self._path}: slices of step {step}; rows are read in order")
        found = np.empty((max(0, stop - start), self.shape[1]), dtype=self.dtype)
        with self._lock:
            self._file.seek(self._start + self._row_bytes * start)
            if found.size and self._file.readinto(found.data.cast("B")) != found.nbytes:
                raise DataError(f"{self._path}: ended within the rows {start} to {stop}")
        return found

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    @property
    def _row_bytes(self) -> int:
        return int(self.shape[1] * self.dtype.itemsize)


def _header(path: Path) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Shape, type and the offset of the first row, checked against the size of the file."""
    try:
        with path.open("rb") as file:
            version = npy.read_magic(file)
            readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
            shape, is_fortran, dtype = readers[version](file)
            start, size = file.tell(), path.stat().st_size
    except safeio.NOT_NUMPY as error:
        raise DataError(f"{path}: cannot be read as a .npy array ({error}); {_FORM}") from error
    is_float = dtype.kind == "f" and dtype.itemsize <= 8
    if len(shape) != 2 or 0 in shape or is_fortran or not is_float:
        raise DataError(f"{path}: array {shape} of {dtype}; {_FORM}")
    promised = start + shape[0] * shape[1] * dtype.itemsize
    if size != promised:
        raise DataError(
            f"{path}: {size:,} bytes, the header promises {promised:,}. Was it cut off?"
        )
    return shape, dtype, start


def pack(files: Sequence[Path], target: Path) -> Packed:
    """Write the features of these files, in order, into one float32 array file.

    Whole or absent. `DataError` names the first file that is missing, damaged or of another
    dimension.
    """
    if not files:
        raise DataError(f"{target}: no feature files to pack")
    dim = len(single.read(files[0]))
    progress = Progress(_LOG, f"features into {target.name}", len(files))
    with safeio.atomic(target) as aside, aside.open("wb") as out:
        header = {"descr": "<f4", "fortran_order": False, "shape": (len(files), dim)}
        npy.write_array_header_1_0(out, header)
        for file in files:
            feature = single.read(file)
            if len(feature) != dim:
                raise DataError(
                    f"{file}: {len(feature)} dimensions; {files[0]} has {dim}. Features of one "
                    "model, one view have one dimension"
                )
            out.write(feature.astype("<f4", copy=False).tobytes())
            progress.advance()
    progress.finish()
    return Packed(target)
