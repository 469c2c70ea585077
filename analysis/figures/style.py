"""What all figures share: colours, bare axes, and files that are equal where the numbers are."""

import io
import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from frlib.core import safeio
from frlib.core.errors import ConfigError

SUFFIXES = (".png", ".svg", ".pdf")
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito, told apart by all kinds of colour vision."""
MARKERS = "osD^vPX*<>hp"
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)))
COLUMN, PAGE = 85 / 25.4, 178 / 25.4
"""Inches: a column of a printed page, and both of them."""
SMALL, LABEL, TITLE = 6.5, 7.5, 8.0
"""Points, as they are printed in a column or on a page."""
DPI = 300
"""Of what is printed at these widths."""
_LETTER, _BOLD = 0.53, 0.64
"""Width of a letter, of its height."""
_KEY = 7
"""Letters that the mark of a name takes in a legend."""
INK, GREY, FAINT, SHADE = "#222222", "#8a8a8a", "#e9e9e9", "#f1efe6"


def bare(axes: Axes, size: float) -> None:
    """A faint grid and no frame; labels of ticks are `size` points high."""
    axes.grid(color=FAINT, lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=size, colors=INK, length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def look(at: int) -> dict[str, Any]:
    """Colour, marker and dashes of the thing number `at`: no two of the first 18 are alike."""
    return {
        "color": COLOURS[at % len(COLOURS)],
        "marker": MARKERS[at % len(MARKERS)],
        "linestyle": DASHES[at // len(COLOURS) % len(DASHES)],
    }


def mark(at: int) -> str:
    """A marker for the thing number `at` where lines are all whole: with its colour of `COLOURS` no
    two of the first 66 are alike.
    """
    return MARKERS[(at + at // len(COLOURS)) % len(MARKERS)]


def sheet(width: float, height: float, title: str) -> Figure:
    """An empty figure of so many inches that keeps its parts apart; the title is wrapped."""
    layout = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03)
    figure = Figure(figsize=(width, height), dpi=100, facecolor="white", layout=layout)
    FigureCanvasAgg(figure)
    if title:
        figure.suptitle(
            "\n".join(textwrap.wrap(title, int(letters(width, TITLE) * _LETTER / _BOLD))),
            x=0.01,
            ha="left",
            fontsize=TITLE,
            fontweight="bold",
            color=INK,
        )
    return figure


def headed(figure: Figure, lines: Sequence[str], size: float, *, left: float) -> None:
    """Lines of a title in `size` points at the top; left: where they begin, of the width."""
    figure.suptitle(
        "\n".join(lines),
        x=left,
        y=1 - 0.08 / float(figure.get_size_inches()[1]),
        ha="left",
        va="top",
        fontsize=size,
        fontweight="bold",
        color=INK,
    )


def letters(width: float, size: float) -> int:
    """How many letters of `size` points fit into so many inches."""
    return int(width * 72 / (size * _LETTER))


def short(name: str, room: int) -> str:
    """A name of at most `room` letters."""
    return name if len(name) <= room else f"{name[: room - 1]}…"


def legend(figure: Figure, marks: dict[str, Any]) -> None:
    """Name -> mark, under everything, in as many columns as the names leave room for."""
    width = float(figure.get_size_inches()[0])
    figure.legend(
        list(marks.values()),
        ["\n".join(_wrapped(name, width)) for name in marks],
        loc="outside lower center",
        ncols=_columns(list(marks), width),
        fontsize=SMALL,
        frameon=False,
        columnspacing=1.2,
        handlelength=2.2,
    )


def legend_height(names: Sequence[str], width: float) -> float:
    """Inches that the legend of these names takes."""
    columns = _columns(names, width)
    lines = [len(_wrapped(name, width)) for name in names]
    rows = math.ceil(len(names) / columns)
    return (rows * max(lines, default=1) + 1) * SMALL * 1.45 / 72


def _columns(names: Sequence[str], width: float) -> int:
    longest = max(len(line) for name in names for line in _wrapped(name, width))
    return max(1, min(len(names), letters(width, SMALL) // (longest + _KEY)))


def _wrapped(name: str, width: float) -> list[str]:
    return textwrap.wrap(name, letters(width, SMALL) - _KEY) or [""]


def check(path: Path) -> None:
    """`ConfigError` if no figure can be written under that name."""
    if path.suffix not in SUFFIXES:
        raise ConfigError(
            f"{path}: a figure is written as {', '.join(SUFFIXES)}; found {path.suffix or 'none'!r}"
        )


def rendered(figure: Figure, suffix: str, dpi: int) -> bytes:
    """The file of that suffix. Equal figures, equal bytes."""
    buffer = io.BytesIO()
    undated: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with matplotlib.rc_context({"svg.hashsalt": "frlib"}):
        figure.savefig(buffer, format=suffix[1:], dpi=dpi, metadata=undated.get(suffix))
    return buffer.getvalue()


def save(figure: Figure, path: Path, dpi: int) -> Path:
    """Write it, whole or not at all; the suffix says how."""
    check(path)
    safeio.write_bytes(path, rendered(figure, path.suffix, dpi))
    return path
