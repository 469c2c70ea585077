"""BoundaryFace's tables of retraining: methods at a noise or on a set, with their margins.

Source: BoundaryFace README, "Results of retraining" and "Supplemental Results".
"""

from collections.abc import Sequence

import pandas as pd

from analysis import against, columns
from analysis.against import Line
from analysis.answers import same_method
from analysis.columns import METHOD
from analysis.grid import Grid
from analysis.table import Table
from frlib.core.errors import RecordError
from frlib.records.read import Records
from frlib.records.select import Choice

MARGIN = "head.margin"
_TOLD = (
    "Three lines for each printed one: measured here, published, and their difference in points "
    "with the measured interval. A published number is of one model, without an interval.",
    "A difference is of everything that differs: training set (measured lines are of the study's "
    "own, whatever set is printed beside them), network, length of training. Compare the order of "
    "methods before the level.",
)


def build(
    records: Records, published: pd.DataFrame | None, name: str, title: str, tables: Sequence[str]
) -> Table:
    """The printed tables of these names in turn, then what the study ran beside them.

    `RecordError` when the study has no axis of methods, or names another published document.
    """
    grid = Grid.of(records)
    columns.require_axes(grid, name, METHOD)
    printed = None if published is None else published[_is_among(published, tables)]
    if printed is None or printed.empty:
        raise RecordError(
            f"study {records.study['name']!r}: the table {name} is of BoundaryFace's published "
            "numbers. Set published='boundaryface' in the study, or table='study'."
        )
    over = f"{METHOD}+{MARGIN}" if MARGIN in grid.axes else METHOD
    lines = _lines(grid, printed)
    heads, rows = columns.assemble(against.columns(grid, lines, printed, over))
    caption = columns.caption(grid, over, _TOLD)
    return Table(name, f"{title}: {records.study['name']}", caption, heads, rows)


def _is_among(published: pd.DataFrame, tables: Sequence[str]) -> "pd.Series[bool]":
    if "table" not in published:
        return pd.Series(False, index=published.index)
    return published["table"].isin(tables)


def _lines(grid: Grid, printed: pd.DataFrame) -> list[Line]:
    lines, used = [], set()
    keys = ["table", "method", "margin", "lam"]
    for _, rows in printed.groupby(keys, sort=False, dropna=False):
        first = rows.iloc[0]
        label = (
            f"{first['method']} (λ={first['lam'].replace('pi', 'π')})"
            if first["lam"]
            else (str(first["method"]))
        )
        closed, opened = float(first["closed_ratio"]), float(first["open_ratio"])
        place = _place(closed, opened, str(first["train_set"]))
        row, why = against.find(
            grid,
            lambda row, of=label, at=(closed, opened): _answers(grid, row, of, *at),  # type: ignore[misc]
            f"not run: the study has no {label} {place}",
            lambda row, own=float(first["margin"]): _has_margin(grid, row, own),  # type: ignore[misc]
        )
        used.add(id(row))
        margins = f"{first['margin']:g}{_own_margin(grid, row, float(first['margin']))}"
        lines.append(Line({"noise": place, "method": label, "margin": margins}, rows, row, why))
    beside = [row for row in grid.rows if id(row) not in used]
    return lines + [_unpublished(grid, row) for row in beside]


def _unpublished(grid: Grid, row: Choice) -> Line:
    closed, opened = _ratio(grid, row, "closed"), _ratio(grid, row, "open")
    margin = _margin(grid, row)
    named = {
        "noise": f"{_percent(closed, opened)}, not published",
        "method": str(row.shown[METHOD]),
        "margin": "" if margin is None else f"{margin:g}",
    }
    return Line(named, None, row)


def _answers(grid: Grid, row: Choice, label: str, closed: float, opened: float) -> bool:
    """Whether a row is of that method at that noise; of a real set, without any added noise."""
    asked = tuple(0.0 if share != share else share for share in (closed, opened))
    mine = (_ratio(grid, row, "closed"), _ratio(grid, row, "open"))
    alike = all(abs(one - other) < 1e-9 for one, other in zip(mine, asked, strict=True))
    return alike and _same_label(str(row.shown[METHOD]), label)


def _same_label(mine: str, theirs: str) -> bool:
    """BoundaryF1 is BoundaryFace with λ = 0, which one document prints under both names."""
    plain = {"BoundaryFace (λ=0)": "BoundaryF1"}
    one, other = plain.get(mine, mine), plain.get(theirs, theirs)
    return same_method(one, other) and ("π" in one) == ("π" in other)


def _ratio(grid: Grid, row: Choice, kind: str) -> float:
    return float(against.setting(grid, row, "noise", kind, "ratio") or 0.0)


def _margin(grid: Grid, row: Choice) -> float | None:
    """None for a head without one, or whose margin is a slot of its own."""
    found = against.setting(grid, row, "head", "margin")
    return float(found) if isinstance(found, (int, float)) else None


def _has_margin(grid: Grid, row: Choice, printed: float) -> bool:
    own = _margin(grid, row)
    return own is None or abs(own - printed) < 1e-9


def _own_margin(grid: Grid, row: Choice | None, printed: float) -> str:
    if row is None or _has_margin(grid, row, printed):
        return ""
    return f" (here {_margin(grid, row):g})"


def _place(closed: float, opened: float, train_set: str) -> str:
    return f"on {train_set}" if closed != closed else f"at {_percent(closed, opened)}"


def _percent(closed: float, opened: float) -> str:
    return f"{100 * closed:g} % flips" + (f", {100 * opened:g} % outliers" if opened else "")
