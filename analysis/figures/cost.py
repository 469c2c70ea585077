"""Results against what they cost: means with intervals over seeds, and the Pareto front of means.

Left the training images that passed, right the seconds of a run; both on a logarithmic axis. Points
of a method at several lengths are joined. Points whose images are nearly equal stand beside each
other, so that their intervals can be told apart: 3 % each, about the true place. The front is drawn
through true places and speaks of means alone: where intervals overlap it may be another.
"""

import math
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from analysis.figures import style
from analysis.figures.style import COLOURS, GREY, INK
from analysis.grid import is_more_better
from analysis.spending import Spent, front
from frlib.core.errors import RecordError
from frlib.stats.intervals import Interval

DPI = 240
MOST = 24
"""Methods whose marks can be told apart."""
_SMALL, _LABEL, _TITLE = 8.0, 9.0, 10.0
_WIDTH, _HEIGHT, _LINE, _LETTERS = 7.6, 3.3, 0.19, 92
"""Inches, and letters of a line of the title."""
_COLUMNS, _LEGEND_LETTERS, _KEY = 5, 118, 5
"""Of the legend: most columns, letters of a line, and what a mark takes of them."""
_LEGEND_ROWS, _ROW = 2, 0.16
"""Rows that there is room for; inches of a further one."""
_BOTTOM = 0.245
_FRONT = "Pareto front of means"
_BESIDE = 1.03
_NEAR = 1.15
_SHARE = "accuracy"


def draw(rows: Sequence[Spent], name: str, title: str) -> Figure:
    """The figure of a metric called `name`, 7.6 inches wide; `RecordError` if there is no row."""
    if not rows:
        raise RecordError(
            f"{title}: no arm has a result of {name!r} to draw. `frlib table build` says why each "
            "is missing."
        )
    methods = list(dict.fromkeys(one.method for one in rows))
    if len(methods) > MOST:
        raise RecordError(
            f"{title}: {len(methods)} methods are too many for one figure of costs, which holds "
            f"{MOST}; study fewer at a time"
        )
    lines = textwrap.wrap(title, _LETTERS)
    top = _LINE * (len(lines) + 0.5)
    columns, more = _legend([*map(_folded, methods), _FRONT])
    height = _HEIGHT + top + more
    figure = Figure(figsize=(_WIDTH, height), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    bottom = (_BOTTOM * (_HEIGHT + top) + more) / height
    figure.subplots_adjust(
        left=0.085, right=0.985, bottom=bottom, top=1 - top / height, wspace=0.06
    )
    scale = 100.0 if name.rpartition("/")[2].startswith(_SHARE) else 1.0
    sign = 1.0 if is_more_better(name) else -1.0
    _panel(left, rows, lambda one: one.images, scale, sign, beside=True)
    _panel(right, rows, lambda one: one.seconds, scale, sign, beside=False)
    left.set_title("\n".join(lines), fontsize=_TITLE, fontweight="bold", color=INK, loc="left")
    left.set_xlabel("training images seen", fontsize=_LABEL, color=INK)
    right.set_xlabel("seconds of a run", fontsize=_LABEL, color=INK)
    unit = " (%)" if scale > 1 else ""
    left.set_ylabel(f"{name}{unit}", fontsize=_LABEL, color=INK)
    marks, names = right.get_legend_handles_labels()
    figure.legend(marks, names, loc="lower center", ncols=columns, fontsize=_SMALL, frameon=False)
    return figure


def write(rows: Sequence[Spent], name: str, title: str, path: Path) -> Path:
    """Draw and write it, whole or not at all. Equal rows, equal bytes."""
    return style.save(draw(rows, name, title), path, DPI)


def _folded(name: str) -> str:
    """In lines that the legend has room for."""
    return "\n".join(textwrap.wrap(name, _LEGEND_LETTERS - _KEY))


def _legend(names: Sequence[str]) -> tuple[int, float]:
    """Columns of a legend of these, and inches that it takes beyond what there is room for."""
    lines = [line for name in names for line in name.splitlines()]
    widest = max(map(len, lines)) + _KEY
    columns = max(1, min(_COLUMNS, _LEGEND_LETTERS // widest))
    return columns, _ROW * max(0, math.ceil(len(lines) / columns) - _LEGEND_ROWS)


def _panel(
    axes: Axes,
    rows: Sequence[Spent],
    of: Callable[[Spent], Interval],
    scale: float,
    sign: float,
    *,
    beside: bool,
) -> None:
    """sign: 1 where more is better, else −1."""
    costs = np.array([of(one).value for one in rows])
    values = np.array([one.result.value for one in rows]) * scale
    _front(axes, costs, values, _last(rows, of), sign)
    methods = list(dict.fromkeys(one.method for one in rows))
    for at, method in enumerate(methods):
        mine = [k for k, one in enumerate(rows) if one.method == method]
        shift = _BESIDE ** (at - (len(methods) - 1) / 2) if beside else 1.0
        order = sorted(mine, key=lambda k: costs[k])
        axes.errorbar(
            costs[order] * shift,
            values[order],
            xerr=None if beside else _halves([of(rows[k]) for k in order], 1.0),
            yerr=_halves([rows[k].result for k in order], scale),
            color=COLOURS[at % len(COLOURS)],
            marker=style.mark(at),
            ms=5,
            lw=1.1,
            elinewidth=1.1,
            capsize=2,
            label=_folded(method),
            zorder=3,
        )
    axes.set_xscale("log")
    axes.set_xlim(_first(rows, of), _last(rows, of))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7)))
    axes.xaxis.set_major_formatter(FuncFormatter(_tick))
    axes.xaxis.set_minor_formatter(NullFormatter())
    style.bare(axes, _SMALL)
    axes.tick_params(which="minor", length=0)


def _first(rows: Sequence[Spent], of: Callable[[Spent], Interval]) -> float:
    """Where the axis begins: before all intervals that do not reach zero, and all means."""
    lows = [of(one).low for one in rows if of(one).low > 0]
    return min([*lows, *(of(one).value for one in rows)]) / _NEAR


def _last(rows: Sequence[Spent], of: Callable[[Spent], Interval]) -> float:
    """Where the axis ends: after all intervals and means."""
    return float(np.nanmax([(of(one).value, of(one).high) for one in rows])) * _NEAR


def _front(
    axes: Axes,
    costs: NDArray[np.float64],
    values: NDArray[np.float64],
    end: float,
    sign: float,
) -> None:
    """Steps from point to point, up to the end of the axis."""
    on = np.flatnonzero(front(costs, sign * values))
    on = on[np.argsort(costs[on])]
    axes.plot(
        np.append(costs[on], end),
        np.append(values[on], values[on[-1]]),
        color=GREY,
        lw=5,
        alpha=0.35,
        drawstyle="steps-post",
        label=_FRONT,
        zorder=1,
    )


def _halves(found: Sequence[Interval], scale: float) -> NDArray[np.float64]:
    """Half-widths; 0, so no bar, where one replicate has no interval."""
    halves = np.array([one.half_width for one in found], dtype=np.float64)
    return np.where(np.isfinite(halves), halves * scale, 0.0)


def _tick(cost: float, _: int | None) -> str:
    """Whole numbers from 1 on; below, two digits, so that no two ticks have one name."""
    return f"{cost:,.0f}" if cost >= 1 else f"{cost:.2g}"
