"""Accuracy against λ of BoundaryFace's gap: a panel a number of classes, a line a noise.

Means over seeds, bands and bars their pointwise 95 % Student t intervals; λ are evenly spaced.
Right of them stand the methods that share the runs: λ = π without floor, and ArcFace on the lists
of corrected samples. Numbers are those of the table `boundary_lambda`.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analysis.columns import METHOD
from analysis.comparing import DIFFERENCE
from analysis.figures import style
from analysis.figures.style import COLOURS, GREY, INK, headed
from analysis.grid import LEVEL
from analysis.table import Cell, Table
from analysis.tables.boundary_lambda import (
    LAM,
    LIST,
    NOBODY,
    NOISE,
    RULE,
    is_weight,
)
from frlib.core.errors import RecordError

DPI = 240
_TINY, _SMALL, _LABEL, _TITLE = 7.0, 8.0, 9.0, 10.0
_WIDTH, _PANEL, _LINE, _LETTERS = 7.6, 2.9, 0.19, 80
"""Inches, and letters of a line of the title."""
_NAMED = {math.pi: "π", 2 * math.pi: "2π"}
_GAP, _BESIDE = 1.3, 0.12
"""From the last λ to the other methods, and between the noises of one of them; 1 between λ."""

Row = Mapping[str, str | Cell]


def draw(table: Table) -> Figure:
    """The figure of the table `boundary_lambda` and its first metric, 7.6 inches wide.

    `RecordError` where no λ has a result of it.
    """
    metric = next(key.removeprefix(DIFFERENCE) for key in table.keys if key.startswith(DIFFERENCE))
    rows = [row for row in table.keyed() if _cell(row, metric).value is not None]
    if not any(map(is_weight, rows)):
        raise RecordError(
            f"{table.title}: no λ has a result of {metric!r} to draw. `frlib table build` says why "
            "each is missing"
        )
    titles = {column.key: column.title for column in table.columns}
    panels: dict[str, list[Row]] = {}
    for row in rows:
        panels.setdefault(_classes(row, titles), []).append(row)
    noises = list(dict.fromkeys(str(row[NOISE]) for row in rows))
    lines = textwrap.wrap(
        f"{table.title}: {metric}, means with {100 * LEVEL:g} % intervals", _LETTERS
    )
    top, bottom = _LINE * (len(lines) + 1.7), 1.05
    height = top + _PANEL + bottom
    figure = Figure(figsize=(_WIDTH, height), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    every = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    figure.subplots_adjust(
        left=0.085, right=0.99, bottom=bottom / height, top=1 - top / height, wspace=0.05
    )
    for axes, (name, mine) in zip(every, panels.items(), strict=True):
        _panel(axes, mine, noises, metric, _others(rows))
        axes.set_title(name, fontsize=_LABEL, color=INK, loc="left")
    every[0].set_ylabel("accuracy (%)", fontsize=_LABEL, color=INK)
    every[0].set_ylim(top=min(100.5, every[0].get_ylim()[1]))
    headed(figure, lines, _TITLE, left=0.085)
    marks, names = every[0].get_legend_handles_labels()
    figure.legend(
        marks, names, loc="lower center", ncols=len(names), fontsize=_SMALL, frameon=False
    )
    return figure


def write(table: Table, path: Path) -> Path:
    """Draw and write it, whole or not at all. Equal tables, equal bytes."""
    return style.save(draw(table), path, DPI)


def _cell(row: Row, key: str) -> Cell:
    entry = row[key]
    assert isinstance(entry, Cell), f"{key} is a column of numbers"
    return entry


def _classes(row: Row, titles: Mapping[str, str]) -> str:
    """Values on the axes that are neither noise nor method, in words."""
    texts = [
        f"{row[key]} {titles[key]}"
        for key in row
        if key.startswith("data.") and isinstance(row[key], str)
    ]
    return ", ".join(texts)


def _others(rows: Sequence[Row]) -> list[str]:
    """The methods beside the λ, in the order of the table."""
    return list(dict.fromkeys(_name(row) for row in rows if not is_weight(row)))


def _name(row: Row) -> str:
    """A method beside the λ in a few words."""
    rule = str(row[RULE])
    if rule == NOBODY:
        return str(row[METHOD]).removeprefix("BoundaryFace ").strip("()")
    return rule.replace(LIST, "list").replace("(", "").replace(")", "")


def _panel(
    axes: Axes, rows: Sequence[Row], noises: Sequence[str], metric: str, others: Sequence[str]
) -> None:
    weights = sorted({_number(_cell(row, LAM)) for row in rows if is_weight(row)})
    end = len(weights) - 1
    for at, noise in enumerate(noises):
        colour, marker = COLOURS[at % len(COLOURS)], style.mark(at)
        mine = [row for row in rows if row[NOISE] == noise]
        line = {_number(_cell(row, LAM)): _cell(row, metric) for row in mine if is_weight(row)}
        x = [weights.index(lam) for lam in sorted(line)]
        y = np.array([100 * _number(line[lam]) for lam in sorted(line)])
        half = np.array([100 * (line[lam].half_width or 0.0) for lam in sorted(line)])
        axes.fill_between(x, y - half, y + half, color=colour, alpha=0.14, lw=0)
        axes.plot(x, y, color=colour, marker=marker, ms=4.5, lw=1.5, label=f"{noise} flips")
        for row in mine:
            if not is_weight(row):
                place = end + _GAP + others.index(_name(row))
                cell = _cell(row, metric)
                axes.errorbar(
                    [place + _BESIDE * (2 * at - len(noises) + 1)],
                    [100 * _number(cell)],
                    yerr=[100 * cell.half_width] if cell.half_width else None,
                    color=colour,
                    marker=marker,
                    mfc="white",
                    ms=4.5,
                    elinewidth=1,
                )
    axes.axvline(end + _GAP / 2, color=GREY, lw=0.8)
    style.bare(axes, _SMALL)
    axes.grid(visible=False, axis="x")
    axes.set_xticks(range(len(weights)), [_NAMED.get(lam, f"{lam:g}") for lam in weights])
    axes.set_xlim(-0.35, end + _GAP + len(others) - 0.5)
    below: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "color": INK, "va": "top"}
    axes.text(end / 2, -0.12, "λ", fontsize=_LABEL, ha="center", **below)
    for at, name in enumerate(others):
        place = end + _GAP + at
        axes.text(place, -0.03, _folded(name), fontsize=_TINY, rotation=90, ha="center", **below)


def _folded(name: str) -> str:
    return textwrap.fill(name, 15)


def _number(cell: Cell) -> float:
    assert cell.value is not None, "rows without a result are left out"
    return cell.value
