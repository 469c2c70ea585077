"""The selection metric against a setting, searched or on an axis: slices through the search.

One panel a setting, a line for each of all else that differs; the best of each is ringed.
"""

from collections.abc import Sequence

from matplotlib.figure import Figure

from analysis.figures import _banded, style
from analysis.lines import Panel


def draw(panels: Sequence[Panel], title: str, width: float = style.COLUMN) -> Figure:
    """The panels of `analysis.settings`; `width` in inches."""
    return _banded.draw(panels, title, width)
