"""A gallery that is indexed again bit by bit: what the new model's queries find at every share.

A line a metric with its 95 % intervals, from the cross-test (nothing indexed again) to the new
model's own test (everything). Dashed, where it is known: the old model in its own gallery, the bar
to stay above. Below it an update costs until more is indexed.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.style import COLOURS, GREY, INK
from frlib.core.errors import RecordError

DPI = 240
_SMALL, _LABEL, _TITLE = 8.0, 9.0, 10.0
_WIDTH, _HEIGHT, _LINE, _LETTERS = 5.6, 3.4, 0.19, 56
"""Inches, and letters of a line of the title."""
_DASHES = (0, (5, 3))
_ASIDE = 0.006
"""Lines stand this far beside each other, so that their intervals can be told apart."""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A rate at a share of the gallery; all in 0..1, ends None where there is no interval."""

    share: float
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """A metric. bar: what the old model has in its own gallery, where it is known."""

    metric: str
    spots: tuple[Spot, ...]
    bar: float | None = None


def draw(lines: Sequence[Line], title: str) -> Figure:
    """The figure, 5.6 inches wide; `RecordError` where there is nothing to draw."""
    if not any(line.spots for line in lines):
        raise RecordError(f"{title}: no share of the gallery has a rate to draw")
    heading = textwrap.wrap(title, _LETTERS)
    top = _LINE * (len(heading) + 0.6)
    bottom = 0.5 + 0.19 * -(-(len(lines) + 1) // 2)
    height = _HEIGHT + top
    figure = Figure(figsize=(_WIDTH, height), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.105, bottom / height, 0.865, 1 - (top + bottom) / height))
    for at, line in enumerate(lines):
        _add(axes, line, at, len(lines))
    axes.set_xlabel("share of the gallery indexed again (%)", fontsize=_LABEL, color=INK)
    axes.set_ylabel("rate (%)", fontsize=_LABEL, color=INK)
    axes.set_xlim(-3, 103)
    style.bare(axes, _SMALL)
    axes.set_title("\n".join(heading), fontsize=_TITLE, fontweight="bold", color=INK, loc="left")
    if any(line.bar is not None for line in lines):
        axes.plot([], [], color=GREY, lw=1.1, ls=_DASHES, label="old model, own gallery")
    marks, names = axes.get_legend_handles_labels()
    figure.legend(marks, names, loc="lower center", ncols=2, fontsize=_SMALL, frameon=False)
    return figure


def write(lines: Sequence[Line], title: str, path: Path) -> Path:
    """Draw and write it, whole or not at all. Equal lines, equal bytes."""
    return style.save(draw(lines, title), path, DPI)


def _add(axes: Axes, line: Line, at: int, num: int) -> None:
    share = np.array([spot.share for spot in line.spots]) + _ASIDE * (at - (num - 1) / 2)
    value = np.array([spot.value for spot in line.spots])
    low, high = (
        np.array([spot.value if end is None else end for spot, end in ends])
        for ends in (
            [(spot, spot.low) for spot in line.spots],
            [(spot, spot.high) for spot in line.spots],
        )
    )
    colour = COLOURS[at % len(COLOURS)]
    axes.errorbar(
        100 * share,
        100 * value,
        yerr=100 * np.clip((value - low, high - value), 0, None),
        color=colour,
        marker=style.mark(at),
        ms=4.5,
        lw=1.2,
        elinewidth=0.9,
        capsize=2,
        label=line.metric,
        zorder=3,
    )
    if line.bar is not None:
        axes.axhline(100 * line.bar, color=colour, lw=1.1, ls=_DASHES, zorder=2)
