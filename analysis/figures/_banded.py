"""Panels of lines with their intervals, as `analysis.lines` tells them.

Up to four lines have bands. More would hide each other: then points stand beside each other with
bars, or, over an axis of time, each line has a bar where it ends. The vertical axis is about the
means and no further than a share can be; wide intervals run out of the frame.
"""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from analysis.figures import style
from analysis.figures.style import COLUMN, INK, LABEL, SMALL
from analysis.lines import Line, Panel

_EACH, _MANY_EACH, _HEAD, _TITLE = 1.75, 1.3, 0.55, 0.14
"""Inches: a row of panels, of few and of many rows; what is above and below; a line of a title."""
_ROWS = 2
_BESIDE = 3
_LONG = 12
"""Points on a line, from which it has no markers."""
_BANDS = 4
_APART = 0.008
"""Of the axis, between bars beside each other."""
_ROOM = 0.4
"""Of the spread of means, above and below them."""


def draw(
    panels: Sequence[Panel],
    title: str,
    width: float = COLUMN,
    *,
    share: bool = True,
    beside: int = _BESIDE,
) -> Figure:
    """As many panels beside each other as the width allows, at most `beside`.

    share: whether all have the same vertical axis.
    """
    fitting = 2 if width < 1.5 * COLUMN and len(panels) > _ROWS else int(width / COLUMN * 1.5)
    columns = max(1, min(beside, len(panels), fitting))
    rows = math.ceil(len(panels) / columns)
    names = list(dict.fromkeys(line.name for panel in panels for line in panel.lines))
    marks: dict[str, Any] = {
        name: Line2D([], [], lw=1.3, ms=3.5, **style.look(k)) for k, name in enumerate(names)
    }
    marks |= _signs(panels)
    room = style.letters(width / columns, LABEL) - 8
    titles = [textwrap.wrap(panel.title, room) for panel in panels]
    each = (_EACH if rows <= _ROWS else _MANY_EACH) + _TITLE * max(map(len, titles))
    height = rows * each + _HEAD + style.legend_height(list(marks), width)
    figure = style.sheet(width, height, title)
    grid = figure.subplots(rows, columns, sharey=share, squeeze=False)
    one_axis = len({panel.across for panel in panels}) == 1
    for at, axes in enumerate(grid.flat):
        if at >= len(panels):
            axes.set_visible(False)
            continue
        _panel(axes, panels[at], names)
        axes.set_title("\n".join(titles[at]), fontsize=LABEL, color=INK)
        if not one_axis or at + columns >= len(panels):
            axes.set_xlabel(_broken(panels[at].across, room), **_WORDS)
        if not at % columns or not share:
            axes.set_ylabel(panels[at].up, **_WORDS)
            _limit(axes, panels if share else panels[at : at + 1])
    style.legend(figure, marks)
    return figure


_WORDS: dict[str, Any] = {"fontsize": LABEL, "color": INK}


def _broken(setting: str, room: int) -> str:
    """A long path goes on in another line after its last dot."""
    before, dot, last = setting.rpartition(".")
    return f"{before}{dot}\n{last}" if dot and len(setting) > room else setting


def _signs(panels: Sequence[Panel]) -> dict[str, Any]:
    """What the signs on the lines mean, of those that there are."""
    lines = [line for panel in panels for line in panel.lines]
    found: dict[str, Any] = {}
    if any(line.look == "faint" for line in lines):
        found["other arms of a cell"] = Line2D([], [], color=INK, lw=0.6, alpha=0.45)
    if any(line.is_cut for line in lines):
        found["stopped early"] = Line2D([], [], color=INK, marker="x", ms=4.5, lw=0)
    if any(line.ringed is not None for line in lines):
        found["best of its line"] = Line2D([], [], color=INK, marker="o", ms=7, mfc="none", lw=0)
    return found


def _limit(axes: Axes, panels: Sequence[Panel]) -> None:
    means = np.array([y.value for panel in panels for line in panel.lines for y in line.y])
    low, high = float(means.min()), float(means.max())
    room = _ROOM * (high - low) or 0.05 * abs(high) or 1.0
    most = 100.0 if panels[0].up.endswith("%)") else 1.0
    top = most + 0.02 * (high - low) if low >= 0 and high <= most else math.inf
    axes.set_ylim(max(low - room, 0.0 if low >= 0 else -math.inf), min(high + room, top))


def _panel(axes: Axes, panel: Panel, names: Sequence[str]) -> None:
    style.bare(axes, SMALL)
    reach = [x for line in panel.lines for x in line.x]
    if panel.is_log:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:g}"))
        axes.tick_params(which="minor", length=0)
    elif panel.ticks:
        axes.set_xticks(panel.ticks)
    else:
        is_whole = all(x == int(x) for x in reach)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=is_whole))
    lines = [line for line in panel.lines if line.look == "line"]
    is_crowded = len(lines) > _BANDS
    step = _APART * (max(reach) - min(reach)) if panel.beside and is_crowded else 0.0
    for line in sorted(panel.lines, key=lambda one: one.look != "faint"):
        shift = step * (lines.index(line) - (len(lines) - 1) / 2) if line in lines else 0.0
        looks = style.look(names.index(line.name))
        x = np.array(line.x) + shift
        _line(axes, line, looks, x)
        if line.look == "line" and not is_crowded:
            low, high = (np.array([getattr(y, end) for y in line.y]) for end in ("low", "high"))
            axes.fill_between(x, low, high, color=looks["color"], alpha=0.13, lw=0, zorder=1)
        elif line.look != "faint":
            last = slice(None) if panel.beside or line.look == "points" else slice(-1, None)
            _bars(axes, x[last], line.y[last], looks["color"])


def _bars(axes: Axes, x: Any, results: Sequence[Any], colour: str) -> None:
    y, half = (np.array([getattr(one, of) for one in results]) for of in ("value", "half_width"))
    half = np.where(np.isfinite(half), half, 0.0)
    axes.errorbar(x, y, half, fmt="none", ecolor=colour, elinewidth=0.7, alpha=0.45)


def _line(axes: Axes, line: Line, looks: dict[str, Any], x: Any) -> None:
    y = np.array([one.value for one in line.y])
    is_faint = line.look == "faint"
    is_bare = is_faint or (line.look == "line" and len(x) >= _LONG)
    axes.plot(
        x,
        y,
        color=looks["color"],
        marker="" if is_bare else looks["marker"],
        linestyle="" if line.look == "points" else looks["linestyle"],
        lw=0.6 if is_faint else 1.2,
        alpha=0.45 if is_faint else 1.0,
        ms=3,
        zorder=2 if is_faint else 4,
    )
    if line.is_cut:
        axes.plot(x[-1:], y[-1:], marker="x", color=looks["color"], ms=4.5, mew=1.2, zorder=5)
    if line.ringed is not None:
        at = line.ringed
        axes.plot(x[at], y[at], marker="o", color=INK, ms=7, mfc="none", mew=0.9, zorder=6)
