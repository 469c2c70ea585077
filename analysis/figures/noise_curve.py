"""Accuracy against how much noise there is: a line a method, with the band of its interval."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from analysis.figures import _banded, style
from analysis.lines import Panel


def draw(panels: Sequence[Panel], title: str, width: float = style.COLUMN) -> Figure:
    """The panels of `analysis.noise_curves`; `width` in inches."""
    return _banded.draw(panels, title, width)
