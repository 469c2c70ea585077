"""Critical-difference diagram: average ranks, and bars over methods that are not told apart.

As in Demsar 2006 (`frlib.stats.critical`); the best rank is on the right. Thick bars: Nemenyi, no
longer than the critical distance that is drawn above. Thin bars below: Wilcoxon's signed-rank test
of every two methods, Holm-corrected.
"""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.figures.style import COLOURS, GREY, INK, SMALL
from frlib.stats.critical import Clique, Critical

_LEVEL = 0.165
"""Inches between names, and between bars."""
_SIDE = 0.34
"""Of the width, on each side, for names."""
_REST = 0.75
_TOP, _BAR = 0.6, 0.6
"""Levels below the axis of the first bar, and from bar to bar."""
_TICK = 0.15
"""Inches that a rank needs on the axis."""
_BEYOND = 0.06


def draw(found: Critical, title: str, width: float = style.COLUMN) -> Figure:
    """The diagram; `width` in inches."""
    half = (len(found.names) + 1) // 2
    first = _TOP + _BAR * (len(found.nemenyi) + len(found.wilcoxon)) + 1
    lowest = first + half - 0.4
    figure = style.sheet(width, (lowest + 1.6) * _LEVEL + _REST, title)
    axes = figure.subplots()
    axes.set_axis_off()
    low, high = 1, len(found.names)
    room = (high - low) * _SIDE / (1 - 2 * _SIDE)
    axes.set_xlim(high + room, low - room)
    axes.set_ylim(-lowest, 1.6)
    step = math.ceil((high - low) * _TICK / (width * (1 - 2 * _SIDE)))
    axes.plot([low, high], [0, 0], color=INK, lw=1)
    for rank in range(low, high + 1, step):
        axes.plot([rank, rank], [0, 0.25], color=INK, lw=0.8)
        axes.text(rank, 0.35, str(rank), ha="center", va="bottom", fontsize=SMALL, color=INK)
    reach = min(found.distance, high - low + room)
    axes.plot([high, high - reach], [1.35, 1.35], color=COLOURS[0], lw=2.5, solid_capstyle="butt")
    axes.text(
        high - reach - _BEYOND * (high - low),
        1.35,
        f"critical distance {found.distance:.2f}",
        va="center",
        fontsize=SMALL,
        color=INK,
    )
    _bars(axes, found, found.nemenyi, _TOP, COLOURS[0], 2.5)
    _bars(axes, found, found.wilcoxon, _TOP + _BAR * len(found.nemenyi) + 0.1, COLOURS[1], 1.2)
    letters = int(style.letters(width, SMALL) * _SIDE) - 5
    best = list(zip(found.names, found.ranks, strict=True))
    for at, (name, mean) in enumerate(best[:half]):
        text = f"{style.short(name, letters)} {mean:.2f}"
        _name(axes, text, mean, first + at, low - 0.02 * room, "left")
    for at, (name, mean) in enumerate(reversed(best[half:])):
        text = f"{mean:.2f} {style.short(name, letters)}"
        _name(axes, text, mean, first + at, high + 0.02 * room, "right")
    p = f"{found.p:.3f}" if found.p >= 0.001 else "< 0.001"
    cannot = "" if found.can_wilcoxon_tell else f" ({found.n} results are too few)"
    marks: dict[str, Any] = {
        f"not told apart by Nemenyi at {found.alpha:g}": Line2D([], [], color=COLOURS[0], lw=2.5),
        f"not told apart by Wilcoxon, Holm-corrected{cannot}": Line2D(
            [], [], color=COLOURS[1], lw=1.2
        ),
        f"{found.n} results; all alike: p {p if p[0] == '<' else f'= {p}'}": Line2D([], [], lw=0),
    }
    style.legend(figure, marks)
    return figure


def _bars(
    axes: Axes, found: Critical, cliques: Sequence[Clique], depth: float, colour: str, wide: float
) -> None:
    ranks = dict(zip(found.names, found.ranks, strict=True))
    beyond = _BEYOND / 2 * (len(found.names) - 1) / 2
    for clique in cliques:
        ends = [ranks[clique[0]] - beyond, ranks[clique[-1]] + beyond]
        axes.plot(ends, [-depth, -depth], color=colour, lw=wide, solid_capstyle="butt", zorder=3)
        depth += _BAR


def _name(axes: Axes, text: str, rank: float, depth: float, end: float, side: str) -> None:
    axes.plot([rank, rank, end], [0, -depth, -depth], color=GREY, lw=0.7, zorder=1)
    shift = {"left": 3, "right": -3}[side]
    axes.annotate(
        text,
        (end, -depth),
        xytext=(shift, 0),
        textcoords="offset points",
        ha=side,
        va="center",
        fontsize=SMALL,
        color=INK,
    )
