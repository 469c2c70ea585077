"""Columns every table of a study has: axes, settings, report, time, seeds; and its caption."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.grid import ALPHA, COST, LEVEL, Grid
from analysis.table import Cell, Column
from frlib.core.errors import RecordError
from frlib.records import select
from frlib.records.select import Choice

Rows = tuple[tuple[str | Cell, ...], ...]
METHOD = "head"
_SHARES = ("accuracy", "tar@", "rank", "precision", "recall", "relabel_accuracy", "eer")
_AXIS_TITLES = {
    "head": "method",
    "head+head.margin": "method and margin",
    "clean": "rule",
    "noise.closed.ratio": "flips",
    "noise.open.ratio": "outliers",
    "noise.long_tail.imbalance": "long tail",
    "data.train.identities": "people",
    "data.train.images": "pictures of each",
    "data.min_images": "fewest pictures",
    "data.part": "part",
    "compat.method": "method",
    "compat.changes.data.part": "old part",
    "compat.changes.head": "old head",
}


@dataclass(frozen=True)
class Filled:
    """A column with its entry for every row of the grid."""

    column: Column
    entries: Sequence[str | Cell]


def require_axes(grid: Grid, table: str, *needed: str) -> None:
    """`RecordError` when the study lacks an axis that the table compares along."""
    lacking = [axis for axis in needed if axis not in grid.axes]
    if lacking:
        raise RecordError(
            f"study {grid.records.study['name']!r} has no axis {' and no axis '.join(lacking)} "
            f"(axes: {', '.join(grid.axes) or 'none'}), which the table {table} compares along. "
            "Set table='study' in the study, the table for any axes."
        )


def axes(grid: Grid) -> list[Filled]:
    """One column an axis; noise ratios are shown in per cent."""
    return [
        Filled(
            Column(axis, axis_title(axis)),
            [axis_value(axis, row.shown.get(axis)) for row in grid.rows],
        )
        for axis in grid.axes
    ]


def axis_title(axis: str) -> str:
    """An axis as a reader knows it."""
    return _AXIS_TITLES.get(axis, axis)


def axis_value(axis: str, value: Any) -> str:
    """A value on an axis as a reader sees it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    return f"{100 * value:g} %" if axis.endswith("ratio") else f"{value:g}"


def settings(grid: Grid) -> list[Filled]:
    """The searched values of the arm that stands for a row; no column when nothing is searched."""
    if not any(row.arm is not None and row.arm.params for row in grid.rows):
        return []
    paths = {path for row in grid.rows if row.arm for path in row.arm.params}
    entries = [_settings(row, paths) for row in grid.rows]
    return [Filled(Column("settings", "chosen settings"), entries)]


def report(grid: Grid, names: Sequence[str], over: str) -> list[Filled]:
    """One column a metric, best marked where a test supports it."""
    return [Filled(metric_column(name), grid.cells(name, over)) for name in names]


def metric_column(name: str) -> Column:
    """Shares are shown in per cent."""
    last = name.rpartition("/")[2]
    if last.startswith(_SHARES) or last.endswith("_accuracy"):
        return Column(name, name, scale=100.0, unit="%", digits=1)
    return Column(name, name, digits=4)


def cost(grid: Grid) -> Filled:
    """Seconds of one replicate, resumed attempts included; never marked."""
    entries = [grid.cell(row, COST) for row in grid.rows]
    return Filled(Column(COST, "time per run", unit="s", digits=0), entries)


def seeds(grid: Grid) -> Filled:
    """How many replicates a row rests on, of how many the study plans."""
    planned = len((grid.records.study.get("replicates") or {}).get("seeds", ()))
    return Filled(Column("seeds", "seeds"), [_seeds(grid, row, planned) for row in grid.rows])


def method_axis(grid: Grid) -> str:
    """The axis best marks compare along: the method, else the last one."""
    return METHOD if METHOD in grid.axes else grid.axes[-1] if grid.axes else ""


def caption(grid: Grid, over: str, extra: Sequence[str] = ()) -> str:
    """Question, what n and the interval are, selection rule, test, arms, and `extra` sentences.

    over: the axis that best marks compare along; empty where nothing is marked.
    """
    study = grid.records.study
    question = " ".join(str(study.get("question", "")).partition("\n\n")[0].split())
    sentences = [
        question,
        f"Values are means over n replicates (seeds) ± the half-width of a {100 * LEVEL:g} % "
        "Student t interval; seeds are the same in all rows, and with them noise draws, pairs and "
        "initial weights.",
        "Names are benchmark/protocol variant/metric.",
        select.rule(study),
        "Chosen settings hold where they differ from the name of a row." if settings(grid) else "",
        _bold(over) if over else "",
        *extra,
        _arms(grid),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _bold(over: str) -> str:
    return (
        f"Bold: better than every other value of the same column with the same other axes than "
        f"{axis_title(over)} (two-sided paired t tests over seeds, Holm-corrected, alpha = "
        f"{ALPHA}); where that is not shown nothing is bold."
    )


def assemble(filled: Sequence[Filled]) -> tuple[tuple[Column, ...], Rows]:
    """Columns and rows of a table."""
    rows = zip(*(column.entries for column in filled), strict=True)
    return tuple(one.column for one in filled), tuple(tuple(row) for row in rows)


def _seeds(grid: Grid, row: Choice, planned: int) -> str:
    done = len(grid.sample(row, COST))
    return f"{done} of {planned}" if planned and done != planned else str(done)


def _settings(row: Choice, paths: set[str]) -> str:
    if row.arm is None:
        return ""
    shown = ", ".join(
        f"{_short(path, paths)} {_value(value)}" for path, value in sorted(row.arm.params.items())
    )
    return f"{shown} (default)" if row.arm.default and shown else shown


def _short(path: str, paths: set[str]) -> str:
    last = path.rpartition(".")[2]
    return last if sum(p.rpartition(".")[2] == last for p in paths) == 1 else path


def _value(value: Any) -> str:
    plain = isinstance(value, (bool, str)) or not isinstance(value, (int, float))
    return str(value) if plain else f"{value:.4g}"


def _arms(grid: Grid) -> str:
    tried = [arm for row in grid.rows for arm in row.arms]
    counts: Mapping[str, int] = {
        status: sum(arm.status == status for arm in tried)
        for status in ("complete", "stopped", "failed", "running")
    }
    arms = "1 arm was" if len(tried) == 1 else f"{len(tried)} arms were"
    cells = "1 cell" if len(grid.rows) == 1 else f"{len(grid.rows)} cells"
    searched = f"{arms} tried in {cells}"
    told = (
        f"{counts['complete']} completed, {counts['stopped']} were stopped early, "
        f"{counts['failed']} failed"
    )
    running = f", {counts['running']} have not ended" if counts["running"] else ""
    empty = sum(row.arm is None for row in grid.rows)
    gaps = f" Cells without a result ({empty}) say why." if empty else ""
    return f"{searched}: {told}{running}.{gaps}"
