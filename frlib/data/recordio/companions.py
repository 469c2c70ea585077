"""`property` and `.lst`, the text files beside a `.rec`.

`property`: `classes,height,width` on the first line; newer tools add a second, not read here.

`.lst` of InsightFace, tab-separated: `aligned path label [x1 y1 x2 y2 [10 landmarks]]`, aligned 0
or 1, landmarks as x of five points, then their y. `.lst` of im2rec: `key label.. path`, labels as
`%f`. The third field tells them apart: a whole number in the first, a path or a float in the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from frlib.core.errors import DataError


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


def read_property(path: Path) -> Property:
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


def read_list(path: Path) -> Iterator[Listed]:
    """Every line of a `.lst` that is not blank."""
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if line.strip():
            try:
                yield _listed(line.rstrip("\r").split("\t"))
            except ValueError:
                raise DataError(
                    f"{path}, line {number}: found {line[:120]!r}; expected `aligned path label` "
                    "or `key label path`, separated by tabs"
                ) from None


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


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as UTF-8 text ({error})") from error
