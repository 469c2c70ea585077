"""The index beside a `.rec` file: `key TAB offset LF` per record, in the order of writing.

Keys are unique whole numbers in any order; an offset is where a record's first part begins.
(MXNet, `python/mxnet/recordio.py`, `MXIndexedRecordIO`.)

In memory: offsets in order of key, int64, and the keys only if they have gaps, so 8 or 16 bytes a
record. Text is parsed by the block, without a Python object per line.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError

Numbers = NDArray[np.int64]
_BLOCK = 1 << 23
_LONGEST_LINE = 64
_MOST_DIGITS = 18
_TAB, _LF = 9, 10
_LINE = re.compile(rb"\d{1,18}\t\d{1,18}\n")


class Index:
    """Offset by key. `keys` and `offsets`: N each, in any order; `path` is for errors."""

    def __init__(self, keys: Numbers, offsets: Numbers, path: Path) -> None:
        self._path = path
        if not len(keys):
            raise DataError(f"{path}: no records; expected lines of key, tab, offset")
        if (keys[1:] < keys[:-1]).any():
            order = np.argsort(keys, kind="stable")
            keys, offsets = keys[order], offsets[order]
        _refuse_repeats(keys, "key", path)
        in_order = bool((offsets[1:] > offsets[:-1]).all())
        if not in_order:
            _refuse_repeats(np.sort(offsets), "offset", path)
        self.offsets = offsets
        self._first = int(keys[0])
        self._keys = None if int(keys[-1]) - self._first == len(keys) - 1 else keys

    def __len__(self) -> int:
        return len(self.offsets)

    def __contains__(self, key: int) -> bool:
        return self._position(key) >= 0

    @property
    def keys(self) -> Numbers:
        """`[N]` in ascending order."""
        if self._keys is not None:
            return self._keys
        return np.arange(self._first, self._first + len(self), dtype=np.int64)

    def key(self, position: int) -> int:
        """The key at a position of `offsets`."""
        return self._first + position if self._keys is None else int(self._keys[position])

    def offset(self, key: int) -> int:
        """Where the record of this key begins."""
        position = self._position(key)
        if position < 0:
            raise DataError(
                f"{self._path}: no key {key} among {len(self):,} keys from {self.key(0)} to "
                f"{self.key(len(self) - 1)}; the file changed since it was scanned, or the key is "
                "of another set"
            )
        return int(self.offsets[position])

    def offsets_of(self, keys: Numbers) -> Numbers:
        """`[n]` keys of this index -> `[n]` offsets."""
        if self._keys is None:
            return self.offsets[keys - self._first]
        return self.offsets[np.searchsorted(self._keys, keys)]

    def _position(self, key: int) -> int:
        if self._keys is None:
            position = key - self._first
            return position if 0 <= position < len(self) else -1
        position = int(np.searchsorted(self._keys, key))
        return position if position < len(self) and self._keys[position] == key else -1


def load(path: Path) -> Index:
    """The index in a file; `DataError` names the first line that is none."""
    found: list[tuple[Numbers, Numbers]] = []
    num_lines = 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                if not block.endswith(b"\n"):
                    block += file.readline(_LONGEST_LINE)
                found.append(_parse(block, path, num_lines))
                num_lines += len(found[-1][0])
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; expected an index of records") from error
    if not found:
        raise DataError(
            f"{path}: 0 bytes; expected lines of key, tab, offset. Copy it again, or remove it to "
            "have it made anew from the records."
        )
    return Index(
        np.concatenate([keys for keys, _ in found]),
        np.concatenate([offsets for _, offsets in found]),
        path,
    )


def lines(entries: Iterable[tuple[int, int]]) -> bytes:
    """The text of an index, for (key, offset) in the order of writing."""
    return "".join(f"{key}\t{offset}\n" for key, offset in entries).encode("ascii")


def _parse(block: bytes, path: Path, lines_before: int) -> tuple[Numbers, Numbers]:
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    text = np.frombuffer(block, dtype=np.uint8)
    digits = text - np.uint8(ord("0"))
    ends = np.flatnonzero(digits > 9)
    marks = text[ends]
    widths = np.diff(ends, prepend=-1) - 1
    if (
        text[-1] != _LF
        or len(ends) % 2
        or (marks[0::2] != _TAB).any()
        or (marks[1::2] != _LF).any()
        or widths.min() < 1
        or widths.max() > _MOST_DIGITS
    ):
        raise _bad_line(block, path, lines_before)
    numbers = np.zeros(len(ends), dtype=np.int64)
    for place in range(int(widths.max())):
        has = np.flatnonzero(widths > place)
        numbers[has] += digits[ends[has] - 1 - place].astype(np.int64) * 10**place
    return numbers[0::2].copy(), numbers[1::2].copy()


def _bad_line(block: bytes, path: Path, lines_before: int) -> DataError:
    number, start = lines_before + 1, 0
    while found := _LINE.match(block, start):
        number, start = number + 1, found.end()
    line = block[start : start + _LONGEST_LINE].partition(b"\n")
    shown = (line[0] + line[1]).decode("ascii", "backslashreplace")
    return DataError(
        f"{path}, line {number}: found {shown!r}; expected a key, a tab, an offset and the end of "
        "the line. Copy it again, or remove it to have it made anew from the records."
    )


def _refuse_repeats(ascending: Numbers, what: str, path: Path) -> None:
    repeated = ascending[1:][ascending[1:] == ascending[:-1]]
    if len(repeated):
        raise DataError(
            f"{path}: {len(repeated):,} lines repeat the {what} of another, first {what} "
            f"{repeated[0]}; every record has one key and one offset. Remove the index to have it "
            "made anew from the records."
        )
