"""Where an arm of another design belongs in this one: in the cell with its values on the axes."""

from collections.abc import Mapping, Sequence
from typing import Any

from frlib.core.config import has_path
from frlib.core.errors import ConfigError
from frlib.core.space import Scalar
from frlib.study.arms import Arm, Cell, shown
from frlib.study.schema import Study
from frlib.study.searched import own_point
from frlib.train.config import TrainConfig


class Cells:
    """The cells of a study, by their values on its axes."""

    def __init__(self, study: Study, cells: Sequence[Cell]) -> None:
        self._varied = study.varied
        self._by_axes: Mapping[tuple[Scalar, ...], Cell] = {
            tuple(cell.shown.values()): cell for cell in cells
        }

    def nearest(self, config: Mapping[str, Any]) -> Arm | None:
        """The arm of this study with a recorded config's values; None if no cell has them.

        It is another arm than the recorded one where the two differ beyond axes and space.
        """
        try:
            own = TrainConfig.parse(config)
        except ConfigError:
            return None
        if not all(has_path(own, path) for path in self._varied):
            return None
        cell = self._by_axes.get(tuple(shown(own, path) for path in self._varied))
        if cell is None or not all(has_path(own, path) for path in cell.space):
            return None
        try:
            return cell.arm(own_point(own, cell.space))
        except (ConfigError, KeyError):
            return None

    def same(self, arm: Mapping[str, Any]) -> Arm | None:
        """The arm of this study that a recorded one is; None if it is none."""
        found = self.nearest(arm["config"])
        return found if found is not None and found.digest == arm["arm"] else None
