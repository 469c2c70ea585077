"""Angles between samples and the centre of the class they are labelled with, by what they are.

The density of each kind, and its median as a dash below; kinds overlap where angles alone cannot
tell them apart. Angles are acos of the cosine in evaluation mode, in degrees.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from analysis.figures import style
from analysis.figures.style import INK, LABEL, SMALL
from frlib.core.errors import DataError

_HEIGHT, _BINS, _FEWEST = 2.1, 60, 5
"""Inches; bins of the whole half turn; samples of a kind, below which it has no density."""


def draw(cosines: Mapping[str, ArrayLike], title: str, width: float = style.COLUMN) -> Figure:
    """cosines: kind -> `[n]`, the clean ones first. `DataError` where no kind has five samples."""
    found = {kind: np.asarray(values, dtype=np.float64) for kind, values in cosines.items()}
    found = {kind: values for kind, values in found.items() if len(values) >= _FEWEST}
    if not found:
        raise DataError(f"{title}: no kind of sample has {_FEWEST} angles to draw")
    degrees = {
        kind: np.degrees(np.arccos(np.clip(values, -1, 1))) for kind, values in found.items()
    }
    total = sum(map(len, degrees.values()))
    names = {
        kind: f"{kind} ({len(angle):,}, {100 * len(angle) / total:.0f} %)"
        for kind, angle in degrees.items()
    }
    height = _HEIGHT + style.legend_height(list(names.values()), width)
    figure = style.sheet(width, height, title)
    axes = figure.subplots()
    style.bare(axes, SMALL)
    edges = np.linspace(0, 180, _BINS + 1)
    marks = {}
    peak = 0.0
    for at, (kind, angle) in enumerate(degrees.items()):
        looks = style.look(at)
        density, _ = np.histogram(angle, edges, density=True)
        peak = max(peak, 100 * float(density.max()))
        axes.stairs(100 * density, edges, color=looks["color"], lw=1.2, ls=_dashes(at), zorder=3)
        axes.stairs(100 * density, edges, fill=True, color=looks["color"], alpha=0.15, zorder=2)
        marks[names[kind]] = Line2D([], [], color=looks["color"], lw=1.3, ls=_dashes(at))
    for at, angle in enumerate(degrees.values()):
        axes.plot(
            [np.median(angle)] * 2,
            [-0.06 * peak, 0],
            color=style.look(at)["color"],
            ls=_dashes(at),
            lw=1.8,
        )
    axes.set_xlim(*_reach(np.concatenate(list(degrees.values()))))
    axes.set_ylim(-0.07 * peak, 1.05 * peak)
    axes.set_xlabel("angle to the labelled class (°)", fontsize=LABEL, color=INK)
    axes.set_ylabel("share of the kind\n(% for each degree)", fontsize=LABEL, color=INK)
    style.legend(figure, marks)
    return figure


def _dashes(at: int) -> object:
    return style.DASHES[at % len(style.DASHES)]


def _reach(angle: np.ndarray) -> tuple[float, float]:
    low, high = np.floor(angle.min() / 10) * 10, np.ceil(angle.max() / 10) * 10
    return float(low), float(max(high, low + 10))
