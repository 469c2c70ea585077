"""Methods less a reference, a row each: the interval over seeds and people, by conditions.

Filled where the difference is significant after Holm's correction over all under the same
conditions. Intervals are 95 % each, not corrected: one may leave out 0 and its point be hollow.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.differences import Difference
from analysis.figures import style
from analysis.figures.style import COLOURS, GREY, INK, LABEL, SMALL

_ROW, _UNDER, _REST, _MOST = 0.125, 0.2, 0.95, 14.0
"""Inches: a method, the heading of conditions, and the rest; how high a figure may be."""
_SHARE = 0.42
"""Of the width, for a name."""


def draw(found: Sequence[Difference], title: str, width: float = style.COLUMN) -> Figure:
    """Differences in points; `width` in inches."""
    conditions = list(dict.fromkeys(one.under for one in found))
    height = _ROW * len(found) + _UNDER * len(conditions) + _REST
    figure = style.sheet(width, min(height, _MOST), title)
    axes = figure.subplots()
    style.bare(axes, SMALL)
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color=GREY, lw=0.8, zorder=1)
    room = int(style.letters(width, SMALL) * _SHARE)
    at, places, names = 0.0, [], []
    for under in conditions:
        at += _UNDER / _ROW
        places.append(at - 0.9)
        names.append(style.short(under or "all", room))
        for one in (each for each in found if each.under == under):
            _row(axes, one, at)
            places.append(at)
            names.append(style.short(one.method, room - 2))
            at += 1
    axes.set_yticks(places, names)
    headings = {style.short(under or "all", room) for under in conditions}
    for label in axes.get_yticklabels():
        if label.get_text() in headings:
            label.set_fontweight("bold")
    axes.set_ylim(at - 0.4, -0.2)
    reference = " / ".join(dict.fromkeys(one.reference for one in found))
    by = " / ".join(sorted({one.by for one in found}))
    axes.set_xlabel(f"points more than {reference}", fontsize=LABEL, color=INK, loc="right")
    marks: dict[str, Any] = {
        "significant after Holm": Line2D([], [], color=COLOURS[0], marker="o", ms=4, lw=0.9),
        "not": Line2D([], [], color=COLOURS[0], marker="o", ms=4, lw=0.9, mfc="white"),
        f"95 % over seeds and {by}": Line2D([], [], color=COLOURS[0], lw=0.9),
    }
    style.legend(figure, marks)
    return figure


def _row(axes: Any, one: Difference, at: float) -> None:
    mean = one.found.mean
    if np.isfinite(mean.low):
        axes.plot([100 * mean.low, 100 * mean.high], [at, at], color=COLOURS[0], lw=0.9, zorder=2)
    axes.plot(
        [100 * mean.value],
        [at],
        color=COLOURS[0],
        marker="o",
        ms=3.5,
        mfc=COLOURS[0] if one.is_shown else "white",
        zorder=3,
    )
