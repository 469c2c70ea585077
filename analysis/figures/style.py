"""What all figures share: colours, bare axes, and files that are equal where the numbers are."""

import io
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frlib.core import safeio
from frlib.core.errors import ConfigError

SUFFIXES = (".png", ".svg", ".pdf")
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito, told apart by all kinds of colour vision."""
INK, GREY, FAINT, SHADE = "#222222", "#8a8a8a", "#e9e9e9", "#f1efe6"


def bare(axes: Axes, size: float) -> None:
    """A faint grid and no frame; labels of ticks are `size` points high."""
    axes.grid(color=FAINT, lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=size, colors=INK, length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def check(path: Path) -> None:
    """`ConfigError` if no figure can be written under that name."""
    if path.suffix not in SUFFIXES:
        raise ConfigError(
            f"{path}: a figure is written as {', '.join(SUFFIXES)}; found {path.suffix or 'none'!r}"
        )


def save(figure: Figure, path: Path, dpi: int) -> Path:
    """Write it, whole or not at all; the suffix says how. Equal figures, equal bytes."""
    check(path)
    buffer = io.BytesIO()
    undated: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with matplotlib.rc_context({"svg.hashsalt": "frlib"}):
        figure.savefig(buffer, format=path.suffix[1:], dpi=dpi, metadata=undated.get(path.suffix))
    safeio.write_bytes(path, buffer.getvalue())
    return path
