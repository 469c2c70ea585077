"""A table as a value: numbers with their interval, count and origin. Nothing is rounded here."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from frlib.stats.intervals import Interval

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

Origin = Literal["measured", "published", "missing"]


@dataclass(frozen=True)
class Cell:
    """One number: its mean, half the width of its interval, and how many replicates it rests on.

    value: in the column's base unit (shares, not per cent); None exactly when missing.
    half_width: None where there is no interval. note: where it was published, why it is missing,
    or what a reader must know. digits: decimals to show, where a printed number is repeated.
    best: whether a declared test supports calling it the best of its group.
    """

    value: float | None
    half_width: float | None = None
    n: int | None = None
    origin: Origin = "measured"
    note: str = ""
    digits: int | None = None
    best: bool = False

    def __post_init__(self) -> None:
        assert (self.value is None) == (self.origin == "missing"), "only missing cells lack a value"
        assert self.note or self.origin == "measured", f"a {self.origin} cell needs a note"

    def marked(self) -> "Cell":
        """The same cell, marked as best."""
        return replace(self, best=True)


@dataclass(frozen=True)
class Column:
    """`title` for people, `key` for machines; numbers are shown times `scale` in `unit`.

    digits: decimals where no interval decides.
    """

    key: str
    title: str
    scale: float = 1.0
    unit: str = ""
    digits: int = 2

    @property
    def heading(self) -> str:
        """Title with unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


@dataclass(frozen=True)
class Table:
    """Rows of texts and cells, one entry a column. `name` is the stem of its files."""

    name: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    has_gap: bool = False
    """Whether something that the study asks for is missing; `build` looks at its report."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(column.key for column in self.columns)

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Of every column, whether it holds numbers."""
        return tuple(
            any(isinstance(row[at], Cell) for row in self.rows) for at in range(len(self.columns))
        )

    def styled(self) -> "Styler":
        """For notebooks: as the other forms show it, with notes under the pointer."""
        from analysis.rendering.styled import styled

        return styled(self)

    def keyed(self) -> list[dict[str, str | Cell]]:
        """Rows as key of the column -> entry."""
        return [dict(zip(self.keys, row, strict=True)) for row in self.rows]

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows), "a row of another length"


def missing(why: str) -> Cell:
    """A cell without a number, and the reason."""
    return Cell(None, origin="missing", note=why)


def measured(interval: Interval, note: str = "") -> Cell:
    """A cell from an interval of replicates; one replicate has no interval and says so."""
    if not math.isfinite(interval.value):
        return missing(note or "not a number in any replicate")
    if math.isfinite(interval.half_width):
        return Cell(interval.value, interval.half_width, interval.n, note=note)
    alone = "one replicate, so no interval"
    return Cell(interval.value, None, interval.n, note=f"{note}; {alone}" if note else alone)
