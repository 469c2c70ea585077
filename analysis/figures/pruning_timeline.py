"""Which arm ran when, and which were stopped early, when and why. A row an arm, by its start.

A bar is an attempt of a replicate; those that ran side by side lie on each other.
"""

from collections import Counter
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis.figures import style
from analysis.figures.style import COLOURS, GREY, INK, LABEL, SMALL
from analysis.timeline import Ran

_LOOKS = {
    "complete": ("complete", COLOURS[0]),
    "stopped": ("stopped early", COLOURS[4]),
    "failed": ("failed", INK),
    "running": ("not ended", GREY),
}
"""Status -> name and colour."""
_NAMED, _ROW, _THIN, _REST, _MOST = 40, 0.13, 0.045, 0.9, 9.0
"""Arms that have room for names; inches of a row with and without name, of the rest, of all."""
_UNITS = ((7200.0, 3600.0, "hours"), (120.0, 60.0, "minutes"), (0.0, 1.0, "seconds"))
_SHARE = 0.36
"""Of the width, for a name."""
_DIGITS = 6
"""Of a digest, where a name is not enough."""
_GAP, _LATE = 0.02, 0.6
"""Of the axis: from a bar to its words; from where words stand before their bar."""


def draw(arms: Sequence[Ran], title: str, width: float = style.COLUMN) -> Figure:
    """The arms of `analysis.timeline`; `width` in inches."""
    is_named = len(arms) <= _NAMED
    height = len(arms) * (_ROW if is_named else _THIN) + _REST
    figure = style.sheet(width, min(max(1.5, height), _MOST), title)
    axes = figure.subplots()
    style.bare(axes, SMALL)
    end = max(last for arm in arms for _, last in arm.spans)
    per, words = next((size, name) for least, size, name in _UNITS if end >= least)
    for at, arm in enumerate(arms):
        colour = _LOOKS[arm.status][1]
        spans = [(start / per, (last - start) / per) for start, last in arm.spans]
        axes.broken_barh(spans, (at - 0.4, 0.8), color=colour, lw=0.4, zorder=2)
        if is_named and arm.why:
            _say(axes, arm, at, per, end)
    if is_named:
        room = int(style.letters(width, SMALL) * _SHARE)
        axes.set_yticks(range(len(arms)), _names(arms, room))
    else:
        axes.set_yticks([])
        axes.set_ylabel(f"{len(arms)} arms, by their start", fontsize=LABEL, color=INK)
    axes.grid(visible=False, axis="y")
    axes.set_ylim(len(arms) - 0.4, -0.6)
    axes.set_xlim(0, end / per or 1.0)
    axes.set_xlabel(f"{words} since the study began", fontsize=LABEL, color=INK, loc="right")
    count: Counter[str] = Counter(arm.status for arm in arms)
    marks = {
        f"{name} ({count[status]})": Patch(facecolor=colour)
        for status, (name, colour) in _LOOKS.items()
        if status in count
    }
    style.legend(figure, marks)
    return figure


def _say(axes: Axes, arm: Ran, at: int, per: float, end: float) -> None:
    """Why it ended, behind its last bar, or before its first where that is late."""
    first, last = arm.spans[0][0], max(last for _, last in arm.spans)
    is_late = last > _LATE * end
    axes.text(
        (first - _GAP * end if is_late else last + _GAP * end) / per,
        at,
        arm.why,
        fontsize=SMALL - 1,
        color=INK,
        ha="right" if is_late else "left",
        va="center",
    )


def _names(arms: Sequence[Ran], room: int) -> list[str]:
    """Names that fit, each with the head of its digest where they do not tell arms apart."""
    names = [style.short(arm.name, room) for arm in arms]
    if len(set(names)) == len(names):
        return names
    rest = room - _DIGITS - 1
    return [f"{style.short(arm.name, rest)} {arm.digest[:_DIGITS]}".strip() for arm in arms]
