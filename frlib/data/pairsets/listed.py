"""Pairs named in a text file: what every list format gives, and how its lines are read.

Names are those of the file (or, for LFW's form, the paths that its entries stand for). Folds are
numbered from 0 and pairs are in fold order, as the protocols that hold out a fold need them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import DataError

MAX_BYTES = 256 << 20


@dataclass(frozen=True, kw_only=True, eq=False)
class ListedPairs:
    """P pairs: `left`, `right` P names; `same` `[P]` bool; `fold` `[P]` int64 from 0."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    same: NDArray[np.bool_]
    fold: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.same)


@dataclass(frozen=True)
class Line:
    """One line of a list: its `fields`, and where it stands for messages."""

    path: Path
    number: int
    fields: tuple[str, ...]

    def error(self, expected: str) -> DataError:
        """What was found in this line, what was `expected`, and what to do."""
        found = " ".join(self.fields)[:120]
        return DataError(
            f"{self.path}, line {self.number:,}: found {found!r}; expected {expected}. "
            "Correct the line or get the list again."
        )

    def name(self, field: int) -> str:
        """A field that is the relative path of an image, inside the folder of images."""
        value = self.fields[field]
        parts = PurePosixPath(value).parts
        if value.startswith("/") or ".." in parts or "\\" in value or not value.isprintable():
            raise self.error("names of images relative to their folder, without '..' or '\\'")
        return value


def lines(path: Path) -> Iterator[Line]:
    """The lines of a list, split at TABs where there are any, else at blanks.

    A byte order mark, CR LF and empty lines at the end are accepted; an empty line between others
    is a `DataError`, because some readers of these lists stop there without a word.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path}: more than {MAX_BYTES:,} bytes; is it a list of pairs?")
        rows = path.read_text(encoding="utf-8-sig").rstrip().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a list of pairs ({error})") from error
    if rows == [""]:
        raise DataError(f"{path}: is empty; expected a list of pairs. Get the list again.")
    for number, row in enumerate(rows, start=1):
        fields = row.strip().split("\t" if "\t" in row.strip() else None)
        line = Line(path, number, tuple(field.strip() for field in fields))
        if not all(line.fields) or not line.fields:
            raise line.error("no empty lines or fields")
        yield line


def in_folds(
    rows: Sequence[tuple[str, str, bool]], fold_size: int, path: Path, num_folds: int | None = None
) -> ListedPairs:
    """Pair i is of fold i // `fold_size`; a list that stops inside a fold is a `DataError`."""
    expected = f"{num_folds} folds" if num_folds else "whole folds"
    whole = bool(rows) and len(rows) % fold_size == 0
    if not whole or (num_folds and len(rows) != num_folds * fold_size):
        raise DataError(
            f"{path}: {len(rows):,} pairs; expected {expected} of {fold_size:,} pairs. "
            "Is the list cut short, or of another set? Get it again."
        )
    return ListedPairs(
        left=tuple(left for left, _, _ in rows),
        right=tuple(right for _, right, _ in rows),
        same=np.array([same for _, _, same in rows], dtype=np.bool_),
        fold=np.arange(len(rows), dtype=np.int64) // fold_size,
    )
