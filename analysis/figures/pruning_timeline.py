"""Which arm ran when, and which were stopped early, when and why. A row an arm, by its start.

A bar is an attempt of a replicate; those that ran side by side lie on each other.
"""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis.figures import style
from analysis.figures.style import COLOURS, GREY, INK, LABEL, SMALL
from analysis.timeline import Ran

_LOOKS = {
    "complete": ("complete", COLOURS[0], ""),
    "stopped": ("stopped early", COLOURS[4], "////"),
    "failed": ("failed", INK, ""),
    "running": ("not ended", GREY, "...."),
}
"""Status -> name, colour and hatching."""
_NAMED, _ROW, _THIN, _REST = 40, 0.13, 0.045, 0.9
"""Arms that have room for their names; inches of a row with and without name, and of the rest."""
_UNITS = ((7200.0, 3600.0, "hours"), (120.0, 60.0, "minutes"), (0.0, 1.0, "seconds"))
_SHARE = 0.36
"""Of the width, for a name."""
_WORDS = 0.02
"""Of the axis, between a bar and why it ended."""


def draw(arms: Sequence[Ran], title: str, width: float = style.COLUMN) -> Figure:
    """The arms of `analysis.timeline`; `width` in inches."""
    is_named = len(arms) <= _NAMED
    height = len(arms) * (_ROW if is_named else _THIN) + _REST
    figure = style.sheet(width, max(1.5, height), title)
    axes = figure.subplots()
    style.bare(axes, SMALL)
    end = max(last for arm in arms for _, last in arm.spans)
    per, words = next((size, name) for least, size, name in _UNITS if end >= least)
    for at, arm in enumerate(arms):
        _, colour, hatch = _LOOKS[arm.status]
        spans = [(start / per, (last - start) / per) for start, last in arm.spans]
        axes.broken_barh(
            spans, (at - 0.4, 0.8), color=colour, hatch=hatch, ec="white", lw=0.3, zorder=2
        )
        if is_named and arm.why:
            last = max(start + long for start, long in spans)
            at_end = last + _WORDS * end / per
            axes.text(at_end, at, arm.why, fontsize=SMALL - 1, color=INK, va="center", clip_on=True)
    if is_named:
        room = int(style.letters(width, SMALL) * _SHARE)
        axes.set_yticks(range(len(arms)), [_short(arm.name, room) for arm in arms])
    else:
        axes.set_yticks([])
        axes.set_ylabel(f"{len(arms)} arms, by their start", fontsize=LABEL, color=INK)
    axes.grid(visible=False, axis="y")
    axes.set_ylim(len(arms) - 0.4, -0.6)
    axes.set_xlim(0, end / per * (1.3 if is_named and any(arm.why for arm in arms) else 1.0))
    axes.set_xlabel(f"{words} since the study began", fontsize=LABEL, color=INK, loc="right")
    some = {arm.status for arm in arms}
    style.legend(
        figure,
        {
            f"{name} ({sum(arm.status == status for arm in arms)})": Patch(
                facecolor=colour, hatch=hatch, edgecolor="white", lw=0.3
            )
            for status, (name, colour, hatch) in _LOOKS.items()
            if status in some
        },
    )
    return figure


def _short(name: str, room: int) -> str:
    return name if len(name) <= room else f"{name[: room - 1]}…"
