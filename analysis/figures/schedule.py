"""A run under its learning-rate rule: loss, what the rule makes of it, and the rate.

Of any rule: the loss, a mean since the point before, and the rate. Of one that learns from the loss
(`moving_haar`, MHLR) also its smoothed loss, the smoothed fall E beside λ, plateau steps counted
beside N = int(tau * T), and its cuts. A cut stands at the first point that knows of it; steps
between points are not drawn, so a count may have been higher.
"""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.course import Course, Numbers
from analysis.figures import style
from analysis.figures.style import COLOURS, GREY, INK, SHADE
from frlib.core.errors import RecordError

DPI = 240
BLUE, RED, GREEN, _, ORANGE, SKY = COLOURS
RULE = ("schedule/mean", "schedule/fall", "schedule/count", "schedule/cuts")
_SMALL, _LABEL, _TITLE = 8.0, 9.0, 10.0
_WIDTH, _LEFT, _RIGHT, _BOTTOM = 5.4, 1.0, 0.2, 0.46
_HEIGHTS = {"loss": 1.85, "fall": 1.45, "count": 0.9, "rate": 1.2}
"""Inches, as all of these."""
_GAP, _LINE, _LETTERS = 0.16, 0.19, 64
_APART = 0.03
_LEVELS, _TICKS = 9, 6
"""A rate of so few values moves in steps; so many of them are named."""


def draw(course: Course) -> Figure:
    """The figure, 5.4 inches wide; `RecordError` where loss and rate were not recorded by step."""
    if not all(len(course.line(name)[0]) for name in ("steps/loss", "steps/lr")):
        raise RecordError(
            f"{course.title}: records no steps/loss and steps/lr, which a run logs every log_every "
            "steps: it has done fewer, or an older frlib trained it. Set base.log_every lower"
        )
    has_rule = all(len(course.line(name)[0]) for name in RULE)
    heights = {k: v for k, v in _HEIGHTS.items() if has_rule or k in ("loss", "rate")}
    figure, found = _panels(list(heights.values()), textwrap.wrap(course.title, _LETTERS))
    panels: dict[str, Axes] = dict(zip(heights, found, strict=True))
    _loss(panels["loss"], course)
    if has_rule:
        lam, borne = _limits(course)
        _fall(panels["fall"], course, lam)
        _count(panels["count"], course, borne)
    _rate(panels["rate"], course)
    cuts = _cuts(course)
    for axes in panels.values():
        style.bare(axes, _SMALL)
        for step, _number in cuts:
            axes.axvline(step, color=GREY, lw=0.8, ls=(0, (3, 2)), zorder=1)
    _name(panels["rate"], cuts)
    figure.align_ylabels()
    return figure


def write(course: Course, path: Path) -> Path:
    """Draw and write it, whole or not at all. Equal courses, equal bytes."""
    return style.save(draw(course), path, DPI)


def _panels(heights: Sequence[float], title: Sequence[str]) -> tuple[Figure, list[Axes]]:
    """Axes of these heights below each other over one axis of steps."""
    top = _LINE * (len(title) + 0.5)
    height = sum(heights) + _GAP * (len(heights) - 1) + top + _BOTTOM
    figure = Figure(figsize=(_WIDTH, height), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    found = figure.subplots(len(heights), sharex=True, height_ratios=heights)
    figure.subplots_adjust(
        left=_LEFT / _WIDTH,
        right=1 - _RIGHT / _WIDTH,
        top=1 - top / height,
        bottom=_BOTTOM / height,
        hspace=_GAP * len(heights) / sum(heights),
    )
    first, last = found[0], found[-1]
    first.set_title("\n".join(title), fontsize=_TITLE, fontweight="bold", color=INK, loc="left")
    for axes in found:
        axes.margins(x=0.01)
    last.set_xlabel("optimiser step", fontsize=_LABEL, color=INK)
    last.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    return figure, list(found)


def _limits(course: Course) -> tuple[float | None, int | None]:
    """λ, and N where the length of the run is known."""
    config: Any = course.config.get("schedule", {})
    lam, tau, total = config.get("lam"), config.get("tau"), course.total_steps
    borne = None if tau is None or total is None else int(tau * total)
    return None if lam is None else float(lam), borne


def _cuts(course: Course) -> list[tuple[float, int]]:
    """Step and number of every cut; of several since the point before, the last one's number."""
    steps, cuts = course.line("schedule/cuts")
    new = np.flatnonzero(np.diff(cuts, prepend=0) > 0)
    return [(float(steps[at]), int(cuts[at])) for at in new]


def _loss(axes: Axes, course: Course) -> None:
    axes.plot(*course.line("steps/loss"), color=SKY, lw=1.0, label="loss, L")
    steps, mean = course.line("schedule/mean")
    if len(steps):
        axes.plot(steps, mean, color=BLUE, lw=2.0, label="smoothed, A")
        axes.legend(fontsize=_SMALL, framealpha=1, edgecolor="none")
    axes.set_ylabel("loss", fontsize=_LABEL, color=INK)


def _fall(axes: Axes, course: Course, lam: float | None) -> None:
    steps, fall = course.line("schedule/fall")
    axes.plot(steps, fall, color=GREEN, lw=1.8, zorder=3)
    axes.set_yscale("symlog", linthresh=lam or _typical(fall))
    axes.set_ylabel("smoothed\nfall, E", fontsize=_LABEL, color=INK)
    if lam is not None:
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, -lam / 2), max(high, 3 * lam))
        axes.axhspan(axes.get_ylim()[0], lam, color=SHADE, lw=0, zorder=0)
        _limit(axes, lam, f"λ = {lam:.3g}", "plateau")


def _count(axes: Axes, course: Course, borne: int | None) -> None:
    steps, count = course.line("schedule/count")
    axes.plot(steps, count, color=ORANGE, lw=1.8, zorder=3)
    axes.set_ylabel("plateau\nsteps", fontsize=_LABEL, color=INK)
    axes.set_ylim(0, 1.25 * max(1.0, float(count.max()), borne or 0.0))
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    if borne is not None:
        _limit(axes, borne, f"N = {borne:,}")


def _rate(axes: Axes, course: Course) -> None:
    steps, rate = course.line("steps/lr")
    levels = np.unique(rate[rate > 0])
    is_stepped = len(levels) <= _LEVELS
    how = "steps-post" if is_stepped else "default"
    axes.plot(steps, rate, color=RED, lw=1.8, drawstyle=how, zorder=3)
    axes.set_yscale("log", nonpositive="mask")
    if len(levels):
        axes.set_ylim(levels[0] / 1.6, levels[-1] * 1.6)
    if is_stepped:
        named = levels[::-1][:: -(-len(levels) // _TICKS) or 1]
        axes.set_yticks(named, [f"{level:.3g}" for level in named])
    axes.minorticks_off()
    axes.set_ylabel("rate", fontsize=_LABEL, color=INK)


def _name(axes: Axes, cuts: Sequence[tuple[float, int]]) -> None:
    """Numbers of the cuts at the top, of those that are far enough from the one before."""
    low, high = axes.get_xlim()
    before = -np.inf
    for step, number in cuts:
        if step - before > _APART * (high - low):
            text = f"{number}" if np.isfinite(before) else f"cut {number}"
            axes.annotate(
                text,
                (step, 1),
                (2, -8),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                fontsize=_SMALL,
                color=INK,
            )
            before = step


def _limit(axes: Axes, at: float, above: str, below: str = "") -> None:
    """A line across, with words on either side of its left end."""
    axes.axhline(at, color=INK, lw=1.0, zorder=2)
    for text, up in ((above, 2), (below, -9)):
        axes.annotate(
            text,
            (0, at),
            (3, up),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            fontsize=_SMALL,
            color=INK,
        )


def _typical(values: Numbers) -> float:
    """The median size of values that are not zero; 1 if there are none."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return float(np.median(sizes)) if len(sizes) else 1.0
