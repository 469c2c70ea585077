"""A metric over the epochs of every arm, and where arms were stopped."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from analysis.figures import _banded, style
from analysis.lines import Panel


def draw(panels: Sequence[Panel], title: str, width: float = style.COLUMN) -> Figure:
    """The panels of `analysis.learning.panels`; `width` in inches."""
    return _banded.draw(panels, title, width)
