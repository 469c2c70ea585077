"""Rank 1 of the new model while the old gallery is indexed again, a panel for each old model.

A line a method: the mean over seeds at every share, from the cross-test (nothing indexed again) to
the new model's own search (everything), and the band of its 95 % Student t intervals. Dashed: the
old model in its own gallery, the bar to stay above. The new model without a method is grey; where
it lies far below, its line leaves the panel, whose range is that of the methods' means and the bar.
Numbers at nothing, half and all are those of the table `compatible`.
"""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.comparing import groups
from analysis.crossed import METHOD, NOBODY, Crossed
from analysis.figures import style
from analysis.figures.backfill import Line, Spot
from analysis.figures.style import COLOURS, GREY, INK, headed
from analysis.grid import LEVEL, Grid
from analysis.tables import compatible
from frlib.core.errors import RecordError
from frlib.records.select import Choice
from frlib.stats.intervals import mean_interval

DPI = 240
_SMALL, _LABEL, _TITLE = 8.0, 9.0, 10.0
_WIDTH, _PANEL, _BETWEEN, _LINE, _LETTERS = 5.6, 1.65, 0.32, 0.19, 66
"""Inches, and letters of a line of the title."""
_ACROSS, _NAMES_ACROSS = 2, 3
"""Panels, and names of the legend, side by side."""
_METHODS = (*COLOURS, INK)
_MARKERS = "osD^vP<>X"
_BAND = 0.09
"""Opacity."""
_MARGIN = 0.06
"""Of the range of a panel, above and below."""


@dataclass(frozen=True)
class Panel:
    """An old model: its name, and a line a method."""

    title: str
    lines: tuple[Line, ...]


class Looks(NamedTuple):
    """How the line of a method is drawn."""

    color: str
    marker: str
    ls: Any


def panels(grid: Grid) -> tuple[Panel, ...]:
    """Rows that differ in nothing but the method, those with a rank 1, in the order of the grid."""
    test = Crossed(grid, grid.matching(tuple(grid.records.study["report"]))[0].rpartition("/")[0])
    stem = test.backfill("")
    told = [name.removeprefix(stem) for name in grid.names if name.startswith(stem)]
    shares = sorted((one for one in told if one != "old"), key=float)
    found = []
    for group in groups(grid, (METHOD,)):
        lines = [_line(test, row, shares) for row in group]
        drawn = tuple(one for one in lines if one.spots)
        if drawn:
            found.append(Panel(_title(grid, group[0]), drawn))
    return tuple(found)


def draw(found: Sequence[Panel], title: str) -> Figure:
    """The figure, 5.6 inches wide; `RecordError` where there is nothing to draw."""
    if not found:
        raise RecordError(
            f"{title}: no run has recorded the rank 1 of a gallery that is indexed again. A "
            "benchmark needs people with two images"
        )
    marked = looks(line.metric for panel in found for line in panel.lines)
    heading = textwrap.wrap(
        f"{title}: rank 1 while the gallery is indexed again; means with {100 * LEVEL:g} % bands",
        _LETTERS,
    )
    across = min(_ACROSS, len(found))
    deep, names_deep = -(-len(found) // across), -(-(len(marked) + 1) // _NAMES_ACROSS)
    top, bottom = _LINE * (len(heading) + 1.6), 0.5 + 0.18 * names_deep
    height = top + bottom + deep * _PANEL + (deep - 1) * _BETWEEN
    figure = Figure(figsize=(_WIDTH, height), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    places = figure.add_gridspec(
        deep,
        across,
        left=0.105,
        right=0.985,
        top=1 - top / height,
        bottom=bottom / height,
        wspace=0.16,
        hspace=_BETWEEN / _PANEL,
    )
    for at, panel in enumerate(found):
        axes = figure.add_subplot(places[at // across, at % across])
        _add(axes, panel, marked)
        if not at % across:
            axes.set_ylabel("rank 1 (%)", fontsize=_LABEL, color=INK)
        if at + across < len(found):
            axes.tick_params(labelbottom=False)
        else:
            axes.set_xlabel("indexed again (%)", fontsize=_LABEL, color=INK)
    headed(figure, heading, _TITLE, left=0.02)
    marks = [
        Line2D([], [], **look._asdict(), ms=4, lw=1.3, label=method)
        for method, look in marked.items()
    ]
    bar = Line2D([], [], color=INK, lw=1.1, ls=_DASHED, label="old model, own gallery")
    figure.legend(
        handles=[*marks, bar],
        loc="lower center",
        ncols=_NAMES_ACROSS,
        fontsize=_SMALL,
        frameon=False,
    )
    return figure


def write(grid: Grid, path: Path) -> Path:
    """Draw and write it, whole or not at all. Equal records, equal bytes."""
    return style.save(draw(panels(grid), str(grid.records.study["name"])), path, DPI)


_DASHED = (0, (5, 3))
_THROUGH = (0, (3, 1.5))
"""Of every second method, so that one below it that is equal shows through."""


def _line(test: Crossed, row: Choice, shares: Sequence[str]) -> Line:
    spots = []
    for share in shares:
        seeds = list(test.grid.sample(row, test.backfill(share)).values())
        if seeds:
            found = mean_interval(seeds, LEVEL)
            ends = (found.low, found.high) if np.isfinite(found.low) else (None, None)
            spots.append(Spot(share=float(share), value=found.value, low=ends[0], high=ends[1]))
    bar = test.grid.cell(row, test.backfill("old")).value
    return Line(metric=str(row.shown[METHOD]), spots=tuple(spots), bar=bar)


def _title(grid: Grid, row: Choice) -> str:
    """`open class, old head Softmax`: the values on all axes but the method."""
    at = grid.rows.index(row)
    told = [one for one in compatible.axes(grid) if one.column.key != METHOD]
    return ", ".join(
        str(one.entries[at])
        if one.column.key == "scenario"
        else f"{one.column.title} {one.entries[at]}"
        for one in told
    )


def looks(methods: Iterable[str]) -> dict[str, Looks]:
    """Of every method, together of one alone up to 63; without a method grey."""
    found: dict[str, Looks] = {}
    for method in dict.fromkeys(methods):
        at = len(found.keys() - {NOBODY})
        style = _THROUGH if at % 2 else "-"
        found[method] = Looks(_METHODS[at % len(_METHODS)], _MARKERS[at % len(_MARKERS)], style)
        if method == NOBODY:
            found[method] = Looks(GREY, ".", "-")
    return found


def _add(axes: Axes, panel: Panel, marked: dict[str, Looks]) -> None:
    bar = next((line.bar for line in panel.lines if line.bar is not None), None)
    methods = [line for line in panel.lines if line.metric != NOBODY] or panel.lines
    seen = [spot.value for line in methods for spot in line.spots]
    seen += [] if bar is None else [bar]
    for line in panel.lines:
        look = marked[line.metric]
        share, value, low, high = np.array(
            [
                (spot.share, spot.value, _end(spot.low, spot), _end(spot.high, spot))
                for spot in line.spots
            ]
        ).T
        axes.fill_between(100 * share, 100 * low, 100 * high, color=look.color, alpha=_BAND, lw=0)
        axes.plot(100 * share, 100 * value, **look._asdict(), ms=3, lw=1.2, zorder=3)
    if bar is not None:
        axes.axhline(100 * bar, color=INK, lw=1.1, ls=_DASHED, zorder=2)
    style.bare(axes, _SMALL)
    axes.set_xlim(-3, 103)
    axes.set_xticks([0, 25, 50, 75, 100])
    room = _MARGIN * max(max(seen) - min(seen), 0.01)
    axes.set_ylim(100 * (min(seen) - room), 100 * (max(seen) + room))
    axes.set_title(panel.title, fontsize=_LABEL, color=INK, loc="left")


def _end(value: float | None, spot: Spot) -> float:
    return spot.value if value is None else value
