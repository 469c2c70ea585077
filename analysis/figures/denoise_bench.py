"""What rules find and what it is worth: precision against recall, and recovery, for every noise.

A panel a noise, a mark a rule: means over seeds with their 95 % Student t intervals, of all wrong
labels. Faint curves join points of equal F1. The strip below has the recovery of each rule, 0 what
cleaning nothing reaches and 1 what the model reaches without noise; a mean beyond the strip stands
at its edge with its value. Numbers are those of the table `denoise_bench`.
"""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.figures.style import COLOURS, GREY, INK, headed
from analysis.grid import LEVEL
from analysis.table import Cell, Table
from analysis.tables.denoise_bench import BOUND, FLIPS, NOBODY, OUTLIERS, RULE, TAIL
from frlib.core.errors import RecordError

DPI = 240
RECALL, PRECISION, RECOVERY = "cleaning/recall", "cleaning/precision", "recovery"
_TINY, _SMALL, _LABEL, _TITLE = 7.0, 8.0, 9.0, 10.0
_WIDTH, _PANEL, _STRIP, _LINE, _LETTERS = 7.6, 2.05, 2.2, 0.19, 80
"""Inches, and letters of a line of the title."""
_GAP = 0.62
"""Inches between panels and strip."""
_ACROSS, _NAMES_ACROSS = 3, 4
"""Panels, and names of the legend, side by side."""
_MARKERS, _BOUND_MARKER = "osD^vPX<>ph", "*"
_EQUAL_F1 = (0.2, 0.4, 0.6, 0.8)
_LOW, _HIGH = -1.0, 1.5
"""The strip shows no more of recovery than this."""
_GROUP = 0.8
"""Width that the rules of one noise take in the strip, of 1."""

Rows = Mapping[str, Mapping[str, Cell]]
"""Rule -> key of a column -> number."""
Looks = Mapping[str, tuple[str, str]]
"""Rule -> colour and marker."""


def draw(table: Table) -> Figure:
    """The figure of the table `denoise_bench`, 7.6 inches wide.

    `RecordError` where no rule has been scored against a wrong label.
    """
    noises = _noises(table)
    if not noises:
        raise RecordError(
            f"{table.title}: no rule has both a recall and a precision to draw. `frlib table "
            "build` says why each is missing"
        )
    marked = looks(list(dict.fromkeys(rule for rows in noises.values() for rule in rows)))
    lines = textwrap.wrap(
        f"{table.title}: what rules find (panels), and what retraining wins back (strip); means "
        f"with {100 * LEVEL:g} % intervals",
        _LETTERS,
    )
    deep = -(-len(noises) // _ACROSS)
    names_deep = -(-len(marked) // _NAMES_ACROSS)
    top, bottom = _LINE * (len(lines) + 1.7), 0.5 + 0.17 * names_deep
    height = top + bottom + deep * _PANEL + _GAP + _STRIP
    figure = Figure(figsize=(_WIDTH, height), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    outer = {"left": 0.085, "right": 0.93}
    panels = figure.add_gridspec(
        deep,
        _ACROSS,
        **outer,
        top=1 - top / height,
        bottom=(bottom + _STRIP + _GAP) / height,
        wspace=0.09,
        hspace=0.28,
    )
    for at, (noise, rows) in enumerate(noises.items()):
        axes = figure.add_subplot(panels[at // _ACROSS, at % _ACROSS])
        _panel(axes, noise, rows, marked)
        if at % _ACROSS:
            axes.tick_params(labelleft=False)
        else:
            axes.set_ylabel("precision (%)", fontsize=_LABEL, color=INK)
        if at + _ACROSS < len(noises):
            axes.tick_params(labelbottom=False)
        else:
            axes.set_xlabel("recall of wrong labels (%)", fontsize=_LABEL, color=INK)
        if at % _ACROSS == _ACROSS - 1 or at == len(noises) - 1:
            _name_curves(axes)
    strip = figure.add_gridspec(
        1, 1, **outer, top=(bottom + _STRIP) / height, bottom=bottom / height
    )
    _strip(figure.add_subplot(strip[0, 0]), noises, marked)
    headed(figure, lines, _TITLE, left=outer["left"])
    marks = [
        Line2D([], [], color=colour, marker=marker, ls="", ms=_size(marker), label=rule)
        for rule, (colour, marker) in marked.items()
    ]
    figure.legend(
        handles=marks, loc="lower center", ncols=_NAMES_ACROSS, fontsize=_SMALL, frameon=False
    )
    return figure


def write(table: Table, path: Path) -> Path:
    """Draw and write it, whole or not at all. Equal tables, equal bytes."""
    return style.save(draw(table), path, DPI)


def _noises(table: Table) -> dict[str, Rows]:
    """Noise in words -> its rules, where a rule has a point to draw."""
    found: dict[str, dict[str, dict[str, Cell]]] = {}
    for row in table.keyed():
        if row[RULE] != NOBODY:
            cells = {key: entry for key, entry in row.items() if isinstance(entry, Cell)}
            found.setdefault(_words(row), {})[str(row[RULE])] = cells
    return {noise: rows for noise, rows in found.items() if any(map(_is_scored, rows.values()))}


def _is_scored(cells: Mapping[str, Cell]) -> bool:
    return cells[RECALL].value is not None and cells[PRECISION].value is not None


def _words(row: Mapping[str, str | Cell]) -> str:
    parts = [
        f"{row[axis]} {name}"
        for axis, name in ((FLIPS, "flips"), (OUTLIERS, "outliers"))
        if row.get(axis, "0 %") != "0 %"
    ]
    tail = row.get(TAIL, "1")
    return ", ".join(parts + ([f"long tail 1 : {tail}"] if tail != "1" else [])) or "no noise"


def looks(rules: Sequence[str]) -> Looks:
    """Colour and marker together are of one rule alone, up to 66; the bound is black."""
    rivals = [rule for rule in rules if BOUND not in rule]
    found = {
        rule: (COLOURS[at % len(COLOURS)], _MARKERS[at % len(_MARKERS)])
        for at, rule in enumerate(rivals)
    }
    return {rule: found.get(rule, (INK, _BOUND_MARKER)) for rule in rules}


def _panel(axes: Axes, noise: str, rows: Rows, marked: Looks) -> None:
    for f1 in _EQUAL_F1:
        recall = np.linspace(f1 / (2 - f1), 1, 200)
        axes.plot(
            100 * recall, 100 * f1 * recall / (2 * recall - f1), color=GREY, lw=0.7, alpha=0.45
        )
    for rule, cells in rows.items():
        if _is_scored(cells):
            x, y = cells[RECALL], cells[PRECISION]
            _mark(axes, _percent(x), _percent(y), marked[rule], xerr=_half(x), yerr=_half(y))
    style.bare(axes, _SMALL)
    axes.set_xlim(0, 103)
    axes.set_ylim(0, 103)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.set_title(noise, fontsize=_LABEL, color=INK, loc="left")
    absent = [rule for rule, cells in rows.items() if not _is_scored(cells)]
    if absent:
        told = textwrap.fill(f"no point: {', '.join(absent)}", 34)
        axes.text(101, 2, told, fontsize=_TINY, color=GREY, ha="right", va="bottom")


def _name_curves(axes: Axes) -> None:
    for f1 in _EQUAL_F1:
        axes.text(104, 100 * f1 / (2 - f1), f"F1 {f1:g}", fontsize=_TINY, color=GREY, va="center")


def _strip(axes: Axes, noises: Mapping[str, Rows], marked: Looks) -> None:
    rules = list(marked)
    means = [
        cell.value
        for rows in noises.values()
        for cells in rows.values()
        if (cell := cells[RECOVERY]).value is not None
    ]
    low = max(min([0.0, *means]) - 0.15, _LOW)
    high = min(max([1.0, *means]) + 0.15, _HIGH)
    for level, name in ((0, "uncleaned"), (1, "without noise")):
        axes.axhline(level, color=GREY, lw=1, ls="--", zorder=1)
        axes.text(
            len(noises) - 0.48,
            level,
            textwrap.fill(name, 9),
            fontsize=_TINY,
            color=GREY,
            va="center",
        )
    for at, rows in enumerate(noises.values()):
        if at % 2:
            axes.axvspan(at - 0.5, at + 0.5, color=style.SHADE, lw=0, zorder=0)
        for rule, cells in rows.items():
            cell = cells[RECOVERY]
            if cell.value is not None:
                x = at + _GROUP * ((rules.index(rule) + 0.5) / len(rules) - 0.5)
                y = float(np.clip(cell.value, low, high))
                _mark(axes, x, y, marked[rule], yerr=cell.half_width or 0.0)
                if y != cell.value:
                    axes.text(x, y, f" {cell.value:.1f}", fontsize=_TINY, color=INK, rotation=90)
        if all(cells[RECOVERY].value is None for cells in rows.values()):
            axes.text(
                at,
                (low + high) / 2,
                "no recovery:\nsee the table",
                fontsize=_TINY,
                color=GREY,
                ha="center",
                va="center",
            )
    style.bare(axes, _SMALL)
    axes.grid(visible=False, axis="x")
    axes.set_xlim(-0.5, len(noises) - 0.5)
    axes.set_ylim(low, high)
    axes.set_xticks(
        range(len(noises)), [noise.replace(", ", "\n") for noise in noises], fontsize=_TINY
    )
    axes.set_ylabel("recovery", fontsize=_LABEL, color=INK)


def _mark(
    axes: Axes, x: float, y: float, look: tuple[str, str], *, xerr: float = 0.0, yerr: float = 0.0
) -> None:
    colour, marker = look
    axes.errorbar(
        [x],
        [y],
        xerr=[xerr] if xerr else None,
        yerr=[yerr] if yerr else None,
        color=colour,
        marker=marker,
        ms=_size(marker),
        mec="white",
        mew=0.5,
        elinewidth=1,
        zorder=3,
    )


def _size(marker: str) -> float:
    return 9.0 if marker == _BOUND_MARKER else 6.0


def _percent(cell: Cell) -> float:
    assert cell.value is not None, "only scored rules are drawn"
    return 100 * cell.value


def _half(cell: Cell) -> float:
    return 100 * (cell.half_width or 0.0)
