"""`property` and `.lst`, the text files beside a `.rec`.

`property`: `classes,height,width` on the first line; newer tools add a second, not read here.

`.lst` of InsightFace, tab-separated: `aligned path label [x1 y1 x2 y2 [10 landmarks]]`, aligned 0
or 1, landmarks as x of five points, then their y. `.lst` of im2rec: `key label.. path`, labels as
`%f`. The third field tells them apart: a whole number in the first, a path or a float in the other.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from frlib.core.errors import DataError
from frlib.data.recordio.entries import Numbers
from frlib.data.storage.places import Place, Remote
from frlib.data.texts import Texts, joined, texts

_CHUNK = 1 << 16


@dataclass(frozen=True)
class Property:
    """What `property` says; the true number of classes is counted from the records."""

    num_classes: int
    height: int
    width: int

    def text(self) -> str:
        """The file's one line."""
        return f"{self.num_classes},{self.height},{self.width}\n"


@dataclass(frozen=True)
class Listed:
    """A line of a `.lst`. `key` and the key's labels (im2rec), or `aligned` and what follows."""

    path: str
    labels: tuple[float, ...]
    key: int | None = None
    aligned: bool = False
    box: tuple[float, ...] = ()
    landmarks: tuple[float, ...] = ()

    def text(self) -> str:
        """The line again, in the flavour it is of."""
        if self.key is not None:
            labels = "\t".join(f"{label:f}" for label in self.labels)
            return f"{self.key}\t{labels}\t{self.path}\n"
        numbers = "".join(f"\t{number:g}" for number in (*self.box, *self.landmarks))
        return f"{int(self.aligned)}\t{self.path}\t{int(self.labels[0])}{numbers}\n"


@dataclass(frozen=True, eq=False)
class Paths:
    """What a `.lst` says of N keys, ascending: `keys`, their first `labels`, their `paths`."""

    keys: Numbers
    labels: Numbers
    paths: Texts

    def places_of(self, keys: Numbers, path: Place) -> Numbers:
        """`[n]` keys -> where they are in the columns; `DataError` for a key that is not listed."""
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        unlisted = keys[self.keys[places] != keys]
        if len(unlisted):
            raise DataError(
                f"{path}: {len(unlisted):,} of {len(keys):,} records are not in it, first key "
                f"{unlisted[0]}; expected a path for every image. It belongs to another file, or "
                "was cut short: copy it again, or set ids=keys."
            )
        return places


def read_property(path: Place) -> Property:
    """The first line of a `property` file."""
    line = _text(path).partition("\n")[0]
    try:
        num_classes, height, width = (int(field) for field in line.split(","))
    except ValueError:
        raise DataError(
            f"{path}, line 1: found {line[:80]!r}; expected classes,height,width, such as "
            "1000,112,112. Correct the line, or remove the file."
        ) from None
    return Property(num_classes, height, width)


def read_list(path: Place) -> Iterator[Listed]:
    """Every line of a `.lst` that is not blank."""
    for number, line in enumerate(_lines(path), start=1):
        if line.strip():
            try:
                yield _listed(line.rstrip("\r").split("\t"))
            except ValueError:
                raise DataError(
                    f"{path}, line {number}: found {line[:120]!r}; expected `aligned path label` "
                    "or `key label path`, separated by tabs"
                ) from None


def read_paths(path: Place) -> Paths:
    """The path of every record's image.

    InsightFace's lines are the keys 1, 2, ... in order; a line that is not aligned and has no
    landmarks was skipped when the records were made, and counts for no key.
    """
    keys, labels = array("q"), array("q")
    columns: list[Texts] = []
    names: list[str] = []
    for one in read_list(path):
        if one.key is None and not one.aligned and not one.landmarks:
            continue
        try:
            keys.append(len(keys) + 1 if one.key is None else one.key)
            labels.append(int(one.labels[0]))
        except (ValueError, OverflowError) as error:
            raise DataError(
                f"{path}: {one.text().strip()!r}; expected a key and a label that are whole numbers"
            ) from error
        names.append(one.path)
        if len(names) == _CHUNK:
            columns.append(texts(names))
            names = []
    if not keys:
        raise DataError(
            f"{path}: names no image; expected `aligned path label` or `key label path`"
        )
    columns.append(texts(names))
    keys_n: Numbers = np.frombuffer(keys, dtype=np.int64)
    order = np.argsort(keys_n, kind="stable")
    found = Paths(
        keys_n[order], np.frombuffer(labels, dtype=np.int64)[order], joined(columns)[order]
    )
    again = found.keys[1:][found.keys[1:] == found.keys[:-1]]
    if len(again):
        raise DataError(
            f"{path}: {len(again):,} lines repeat a key, first {again[0]}; expected one line for "
            "every record. Make the list again."
        )
    return found


def _listed(fields: list[str]) -> Listed:
    if len(fields) < 3:
        raise ValueError
    if not fields[2].strip().isdecimal():
        labels = tuple(float(field) for field in fields[1:-1])
        return Listed(fields[-1], labels, key=int(fields[0]))
    numbers = tuple(float(field) for field in fields[3:])
    if len(numbers) not in (0, 4, 14) or fields[0] not in ("0", "1"):
        raise ValueError
    return Listed(
        fields[1],
        (float(int(fields[2])),),
        aligned=fields[0] == "1",
        box=numbers[:4],
        landmarks=numbers[4:],
    )


def _lines(path: Place) -> Iterator[str]:
    """One at a time where the file is here: lists of millions of images are long."""
    if isinstance(path, Remote):
        yield from _text(path).split("\n")
        return
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for line in file:
                yield line.removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error


def _text(path: Place) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Place, error: Exception) -> DataError:
    return DataError(
        f"{path}: cannot be read as UTF-8 text ({error}); expected a text file. Copy it again."
    )
