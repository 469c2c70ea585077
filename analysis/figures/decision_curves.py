"""Precision and recall of the decisions about samples over the epochs, beside each other."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from analysis.figures import _banded, style
from analysis.lines import Panel


def draw(panels: Sequence[Panel], title: str, width: float = style.COLUMN) -> Figure:
    """The panels of `analysis.learning.decisions`, two and two; `width` in inches."""
    return _banded.draw(panels, title, width, share=False, beside=2)
