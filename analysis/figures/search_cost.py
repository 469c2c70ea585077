"""Regret of searches against what they have spent: a panel a cell, a line a strategy.

Lines are means over searches, bands their pointwise 95 % Student t intervals: over what the
searches draw, in the same records. Spending is a share of the whole grid's time, on a
logarithmic axis. A line ends with a dot where the last of its searches did.
"""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from analysis.figures import style
from analysis.figures.style import COLOURS, GREY, INK, headed
from analysis.grid import LEVEL
from analysis.searching import END, NEAR, Searches
from frlib.core.errors import RecordError
from frlib.stats.intervals import mean_interval

DPI = 240
ASKED = 1 / 5
"""The share of the grid's seconds by which a search should be near."""
_SMALL, _LABEL, _TITLE = 8.0, 9.0, 10.0
_PANEL, _HEIGHT, _LINE, _LETTERS = 3.8, 3.1, 0.19, 92
"""Inches, and letters of a line of the title."""
_ACROSS = 2
"""Panels side by side."""
_SHARES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_POINTS = 400


def draw(cells: Sequence[Searches], name: str, metric: str) -> Figure:
    """The figure of these cells, 7.6 inches wide; `RecordError` if there is none.

    name: of the study. metric: what its searches select by.
    """
    if not cells:
        raise RecordError(
            f"{name}: no search has been played, so there is none to draw. `frlib study run` "
            "plays them when every point of the grid is on record"
        )
    repeats = len(cells[0].answers(cells[0].strategies[0], END))
    title = (
        f"{name}: regret of searches in a full grid, means of {repeats} with {100 * LEVEL:g} % "
        "intervals"
    )
    lines = textwrap.wrap(title, _LETTERS)
    deep = -(-len(cells) // _ACROSS)
    top, bottom = _LINE * (len(lines) + 1.6), 0.85
    height = top + bottom + deep * _HEIGHT
    figure = Figure(figsize=(_PANEL * _ACROSS, height), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    across = min(_ACROSS, len(cells))
    panels = figure.subplots(deep, across, sharey=True, squeeze=False).flat
    figure.subplots_adjust(
        left=0.085,
        right=0.985,
        bottom=bottom / height,
        top=1 - top / height,
        wspace=0.06,
        hspace=0.3,
    )
    for axes, found in zip(panels, cells, strict=False):
        _panel(axes, found)
    for axes in list(figure.axes)[len(cells) :]:
        axes.set_axis_off()
    for axes in figure.axes[::across]:
        axes.set_ylabel(f"regret of {metric} (points)", fontsize=_LABEL, color=INK)
    headed(figure, lines, _TITLE, left=0.085)
    marks, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        marks, names, loc="lower center", ncols=len(names), fontsize=_SMALL, frameon=False
    )
    return figure


def write(cells: Sequence[Searches], name: str, metric: str, path: Path) -> Path:
    """Draw and write it, whole or not at all. Equal searches, equal bytes."""
    return style.save(draw(cells, name, metric), path, DPI)


def _panel(axes: Axes, found: Searches) -> None:
    first = _SHARES[0]
    for at, strategy in enumerate(found.strategies):
        colour = COLOURS[at % len(COLOURS)]
        end = max(one.share for one in found.answers(strategy, END))
        shares = np.geomspace(first, max(end, first), _POINTS)
        means = [
            mean_interval([one.regret for one in found.answers(strategy, share)], LEVEL)
            for share in shares
        ]
        value, low, high = (
            100 * np.array([getattr(one, part) for one in means])
            for part in ("value", "low", "high")
        )
        axes.fill_between(
            shares, np.maximum(low, 0), high, color=colour, alpha=0.12, lw=0, step="post"
        )
        axes.plot(
            shares, value, color=colour, lw=1.5, label=strategy, drawstyle="steps-post", zorder=3
        )
        axes.plot(shares[-1:], value[-1:], "o", color=colour, ms=4, zorder=4, clip_on=False)
    axes.axhline(100 * NEAR, color=GREY, lw=1, ls="--", zorder=2)
    axes.axvline(ASKED, color=GREY, lw=1, ls="--", zorder=2)
    axes.set_xscale("log")
    axes.set_xlim(first, 1.05)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(FixedLocator(_SHARES))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("time of training (% of the whole grid's)", fontsize=_LABEL, color=INK)
    axes.annotate(
        f"{100 * NEAR:g} points",
        (1.04, 100 * NEAR),
        fontsize=_SMALL,
        color=GREY,
        ha="right",
        va="bottom",
        xytext=(0, 1),
        textcoords="offset points",
    )
    axes.set_title(found.cell, fontsize=_LABEL, color=INK, loc="left")
    style.bare(axes, _SMALL)
