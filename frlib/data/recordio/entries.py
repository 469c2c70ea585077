"""(key, offset) of millions of records in little room: grown, sorted and split in place.

Sorting needs no second array: two whole numbers below 2**60 with 2**61 added are the bits of two
positive, normal floats of the same order, and a pair of floats is a complex number, which NumPy
sorts by its real part, then by its imaginary part.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
_LIFT = np.int64(1 << 61)
_ROWS = 1 << 16


class Entries:
    """Rows of key and offset, both in 0 .. 10**18 - 1. `capacity`: rows expected, a guess."""

    def __init__(self, capacity: int) -> None:
        self._pairs = np.empty((max(1, capacity), 2), dtype=np.int64)
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def append(self, numbers: Numbers) -> None:
        """`[2n]` key, offset, key, offset, ..."""
        end = self._rows + len(numbers) // 2
        if end > len(self._pairs):
            self._resize(end + end // 8)
        self._pairs[self._rows : end] = numbers.reshape(-1, 2)
        self._rows = end

    def is_ascending(self, column: int) -> bool:
        """Whether a column (0: key, 1: offset) grows from row to row."""
        return all(
            bool((part[1:, column] > part[:-1, column]).all()) for part in self._overlapping()
        )

    def sort(self, column: int) -> None:
        """Order the rows by this column."""
        self._resize(self._rows)
        if column:
            self._swap()
        self._pairs += _LIFT
        self._pairs.reshape(-1).view(np.complex128).sort()
        self._pairs -= _LIFT
        if column:
            self._swap()

    def repeats(self, column: int) -> tuple[int, int]:
        """Of rows sorted by this column: how many repeat the one before, and the first such."""
        count, first = 0, -1
        for part in self._overlapping():
            same = part[1:, column] == part[:-1, column]
            if count == 0 and same.any():
                first = int(part[1:, column][same][0])
            count += int(same.sum())
        return count, first

    def bounds(self) -> tuple[int, int]:
        """First and last key in order of the rows."""
        return int(self._pairs[0, 0]), int(self._pairs[self._rows - 1, 0])

    def split(self, *, keep_keys: bool) -> tuple[Numbers | None, Numbers]:
        """`[N]` keys (if wanted) and `[N]` offsets. The rows are gone after that."""
        offsets = np.empty(self._rows, dtype=np.int64)
        keys = np.empty(self._rows, dtype=np.int64) if keep_keys else None
        for start in range((self._rows - 1) // _ROWS * _ROWS, -1, -_ROWS):
            end = self._rows
            offsets[start:end] = self._pairs[start:end, 1]
            if keys is not None:
                keys[start:end] = self._pairs[start:end, 0]
            self._rows = start
            self._resize(max(1, start))
        return keys, offsets

    def _overlapping(self) -> list[Numbers]:
        """Views of blocks of rows, each beginning with the last row of the one before."""
        return [
            self._pairs[max(0, start - 1) : min(start + _ROWS, self._rows)]
            for start in range(0, self._rows, _ROWS)
        ]

    def _swap(self) -> None:
        for start in range(0, self._rows, _ROWS):
            block = self._pairs[start : start + _ROWS]
            block[:] = block[:, ::-1].copy()

    def _resize(self, rows: int) -> None:
        """In place: the system moves or frees whole pages, so no second copy is made."""
        self._pairs.resize((rows, 2), refcheck=False)
