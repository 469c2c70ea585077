"""What each searched setting explains of the spread between arms, and what chance would."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.style import COLOURS, GREY, INK, LABEL, SMALL
from analysis.importance import Explained

_BAR, _REST = 0.2, 0.95
"""Inches: a setting, and all else."""


def draw(found: Sequence[Explained], title: str, width: float = style.COLUMN) -> Figure:
    """A bar a setting, dark where it is above what chance reaches; `width` in inches."""
    figure = style.sheet(width, _BAR * len(found) + _REST, title)
    axes = figure.subplots()
    style.bare(axes, SMALL)
    place = np.arange(len(found))
    share = np.array([100 * max(one.share, 0.0) for one in found])
    chance = np.array([100 * one.chance for one in found])
    colours = [COLOURS[0] if one.share > one.chance else GREY for one in found]
    axes.barh(place, share, height=0.6, color=colours, zorder=2)
    marks = axes.scatter(chance, place, marker="|", s=60, color=COLOURS[1], lw=1.4, zorder=3)
    axes.set_yticks(place, [f"{one.setting} ({one.arms})" for one in found])
    axes.invert_yaxis()
    axes.set_xlim(0, max(100.0 * 0.1, *share, *chance) * 1.05)
    axes.set_xlabel("variance explained alone (%)", fontsize=LABEL, color=INK, loc="right")
    axes.grid(visible=False, axis="y")
    style.legend(figure, {"95 % of random orders stay below": marks})
    return figure
