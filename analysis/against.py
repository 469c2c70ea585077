"""A published table beside what was measured: three lines for every printed one.

measured    the arm that stands for the same method at the same noise
published   as printed
difference  measured less published, with the measured interval; its note says whether the
            published number, which has no interval of its own, is inside that interval
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd

from analysis.answers import same_method
from analysis.columns import Filled
from analysis.grid import Grid
from analysis.table import Cell, Column, missing
from frlib.records.select import Choice

T = TypeVar("T")
MEASURED, PUBLISHED, DIFFERENCE = "measured", "published", "difference"
INSIDE, OUTSIDE = (
    "the published value is inside the measured interval",
    "the published value is outside the measured interval",
)
_UNKNOWN = "no interval to compare with: one replicate"


@dataclass(frozen=True)
class Line:
    """A line of the table. named: column -> text. printed: the numbers; None: nothing is published.

    row: the study's own; None with the reason in `why`.
    """

    named: dict[str, str]
    printed: pd.DataFrame | None
    row: Choice | None
    why: str = ""


def columns(grid: Grid, lines: Sequence[Line], published: pd.DataFrame, over: str) -> list[Filled]:
    """Texts of the lines, what a line is, and a column a benchmark in the order of print.

    over: the axis that best marks compare along.
    """
    texts = [
        Filled(Column(key, key), [line.named[key] for line in lines for _ in _kinds(line)])
        for key in (lines[0].named if lines else ())
    ]
    kinds = [kind for line in lines for kind in _kinds(line)]
    return [
        *texts,
        Filled(Column("what", "value"), kinds),
        *(
            _benchmark(grid, lines, benchmark, metric, over)
            for benchmark, metric in _benchmarks(published)
        ),
    ]


def setting(grid: Grid, row: Choice, *path: str) -> Any:
    """A value of a row's configuration; None where there is none.

    By the arm that stands for the row, else any arm of it, else the row's axes; of a row that was
    never run also by the run that the study varies.
    """
    key = ".".join(path)
    arm = row.arm or next(iter(row.arms), None)
    if arm is not None:
        found = _at(arm.config, path)
        return row.shown.get(key) if found is None else found
    if any(key == axis or key.startswith(f"{axis}.") for axis in row.shown):
        return row.shown.get(key)
    return _at(grid.records.study.get("base"), path)


def _at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _kinds(line: Line) -> tuple[str, ...]:
    return (MEASURED,) if line.printed is None else (MEASURED, PUBLISHED, DIFFERENCE)


def _benchmarks(published: pd.DataFrame) -> list[tuple[str, str]]:
    pairs = zip(published["benchmark"], published["metric"], strict=True)
    return list(dict.fromkeys((str(one), str(metric)) for one, metric in pairs))


def _benchmark(grid: Grid, lines: Sequence[Line], benchmark: str, metric: str, over: str) -> Filled:
    title = benchmark if metric == "accuracy" else f"{benchmark} {metric}"
    column = Column(f"{benchmark}/{metric}", title, scale=100.0, unit="%", digits=2)
    name = _recorded(grid, benchmark, metric)
    cells = {} if name is None else by_row(grid, grid.cells(name, over))

    def measured(line: Line) -> Cell:
        if line.row is None:
            return missing(line.why)
        if line.row.arm is None:
            return missing(line.row.missing)
        if name is None:
            return missing(f"the study has not recorded {benchmark} {metric}")
        return cells[id(line.row)]

    entries: list[str | Cell] = []
    for line in lines:
        mine = measured(line)
        entries.append(mine)
        if line.printed is not None:
            theirs = _printed(line.printed, benchmark, metric)
            entries += [theirs, difference(mine, theirs)]
    return Filled(column, entries)


def difference(mine: Cell, theirs: Cell) -> Cell:
    """Measured less published; the note says where the published value lies."""
    if mine.value is None:
        return missing(mine.note)
    if theirs.value is None:
        return missing(theirs.note)
    gap = mine.value - theirs.value
    if mine.half_width is None:
        return Cell(gap, n=mine.n, note=_UNKNOWN)
    note = INSIDE if abs(gap) <= mine.half_width else OUTSIDE
    return Cell(gap, mine.half_width, mine.n, note=note)


def find(
    grid: Grid,
    of: Callable[[Choice], bool],
    why: str,
    nearer: Callable[[Choice], bool] = lambda row: True,
) -> tuple[Choice | None, str]:
    """The first row that `of` holds for; else `why`.

    Rows that `nearer` holds for come before others, then those with a result.
    """
    alike = [row for row in grid.rows if of(row)]
    if not alike:
        return None, why
    return min(alike, key=lambda row: (not nearer(row), row.arm is None)), ""


def _recorded(grid: Grid, benchmark: str, metric: str) -> str | None:
    """The recorded name of a benchmark's metric: `CFP-FP` is `cfp_fp/insightface10/accuracy`.

    Reported names come before others.
    """
    names = (*grid.matching(tuple(grid.records.study["report"])), *grid.names)
    for name in names:
        place, _, last = name.rpartition("/")
        if same_method(last, metric) and same_method(place.rpartition("/")[0], benchmark):
            return name
    return None


def by_row(grid: Grid, entries: Sequence[T]) -> dict[int, T]:
    """`id` of a row -> its entry."""
    return {id(row): entry for row, entry in zip(grid.rows, entries, strict=True)}


def _printed(rows: pd.DataFrame, benchmark: str, metric: str) -> Cell:
    mine = rows[(rows["benchmark"] == benchmark) & (rows["metric"] == metric)]
    if mine.empty:
        return missing(f"{benchmark} is not published beside the others ({rows['source'].iloc[0]})")
    first = mine.iloc[0]
    note = "; ".join(str(text) for text in (first["origin"], first["note"]) if text)
    return Cell(float(first["ratio"]), origin="published", digits=int(first["digits"]), note=note)
