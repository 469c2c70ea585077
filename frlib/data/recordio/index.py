"""The index beside a `.rec` file: `key TAB offset LF` per record, in the order of writing.

Keys are unique whole numbers in any order; an offset is where a record's first part begins.
(MXNet, `python/mxnet/recordio.py`, `MXIndexedRecordIO`.)

In memory: offsets in order of key, int64, and the keys only if they have gaps, so 8 or 16 bytes a
record, and 16 and a few MiB while it is read. Text is parsed by the block, without a Python object
per line.
"""

import re
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from frlib.core.errors import DataError
from frlib.data.recordio.entries import Entries, Numbers
from frlib.data.storage.places import Place, Remote
from frlib.data.storage.remote import RemoteBlob

_BLOCK = 1 << 19
_LONGEST_LINE = 64
_LINES = 1 << 16
TOO_LARGE = 10**18
"""Keys and offsets are below it: 18 digits."""
_LINE = re.compile(rb"\d{1,18}\t\d{1,18}\n")


class Index:
    """Offset by key. `entries`: of all records, in any order; `path` is for errors."""

    def __init__(self, entries: Entries, path: Place) -> None:
        self._path = path
        if not len(entries):
            raise DataError(f"{path}: no records; expected lines of key, tab, offset")
        if not entries.is_ascending(1):
            entries.sort(1)
            _refuse_repeats(entries, 1, "offset", path)
        if not entries.is_ascending(0):
            entries.sort(0)
            _refuse_repeats(entries, 0, "key", path)
        self._first, last = entries.bounds()
        gaps = last - self._first != len(entries) - 1
        self._keys, self.offsets = entries.split(keep_keys=gaps)
        self._length = len(self.offsets)
        self._item: Callable[[int], int] = self.offsets.item

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
        position = key - self._first
        if self._keys is None and 0 <= position < self._length:
            return self._item(position)
        position = self._position(key)
        if position < 0:
            raise DataError(
                f"{self._path}: no key {key} among {len(self):,} keys from {self.key(0)} to "
                f"{self.key(len(self) - 1)}; the file changed since it was scanned, or the key is "
                "of another set"
            )
        return self._item(position)

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


def load(path: Place) -> Index:
    """The index in a file; `DataError` names the first line that is none."""
    entries: Entries | None = None
    try:
        size = path.stamp().size if isinstance(path, Remote) else path.stat().st_size
        for block in _blocks(path, size):
            numbers = _parse(block, path, len(entries) if entries else 0)
            if entries is None:
                entries = Entries(size * len(numbers) // (2 * len(block)) + 1)
            entries.append(numbers)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; expected an index of records") from error
    if entries is None:
        raise DataError(
            f"{path}: 0 bytes; expected lines of key, tab, offset. Copy it again, or remove it to "
            "have it made anew from the records."
        )
    return Index(entries, path)


def lines(entries: Iterable[tuple[int, int]]) -> bytes:
    """The text of an index, for (key, offset) in the order of writing."""
    return "".join(f"{key}\t{offset}\n" for key, offset in entries).encode("ascii")


def text(index: Index) -> Iterator[bytes]:
    """The text of an index in order of key, by the block."""
    keys = index.keys
    for start in range(0, len(index), _LINES):
        block = slice(start, start + _LINES)
        yield lines(zip(keys[block].tolist(), index.offsets[block].tolist(), strict=True))


def _blocks(path: Place, size: int) -> Iterator[bytes]:
    """The text in blocks of whole lines; the last line may lack its end."""
    if isinstance(path, Remote):
        blob = RemoteBlob(path)
        yield from _whole_lines(blob[at : at + _BLOCK] for at in range(0, size, _BLOCK))
    else:
        with path.open("rb") as file:
            yield from _whole_lines(iter(lambda: file.read(_BLOCK), b""))


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            yield rest + block[:end]
            rest = block[end:]
        else:
            rest += block
            if len(rest) > _LONGEST_LINE:
                yield rest
                rest = b""
    if rest:
        yield rest


def _parse(block: bytes, path: Place, lines_before: int) -> Numbers:
    """`[2n]` key, offset, key, offset, ..."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    num_lines = block.count(b"\n")
    if not num_lines or block.translate(None, b"0123456789") != b"\t\n" * num_lines:
        raise _bad_line(block, path, lines_before)
    if block[-1:] != b"\n" or b"\t\n" in block or b"\n\t" in block or block[:1] == b"\t":
        raise _bad_line(block, path, lines_before)
    numbers = np.fromstring(block, dtype=np.int64, sep=" ")
    if int(numbers.max()) >= TOO_LARGE:
        raise _bad_line(block, path, lines_before)
    return numbers


def _bad_line(block: bytes, path: Place, lines_before: int) -> DataError:
    number, start = lines_before + 1, 0
    while found := _LINE.match(block, start):
        number, start = number + 1, found.end()
    line = block[start : start + _LONGEST_LINE].partition(b"\n")
    shown = (line[0] + line[1]).decode("ascii", "backslashreplace")
    return DataError(
        f"{path}, line {number}: found {shown!r}; expected a key, a tab, an offset and the end of "
        "the line. Copy it again, or remove it to have it made anew from the records."
    )


def _refuse_repeats(entries: Entries, column: int, what: str, path: Place) -> None:
    count, first = entries.repeats(column)
    if count:
        raise DataError(
            f"{path}: {count:,} lines repeat the {what} of another, first {what} {first}; every "
            "record has one key and one offset. Remove the index to have it made anew from the "
            "records."
        )
