"""From a study to its cells (points of the axes) and arms (a cell with searched values)."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from frlib.core import discover
from frlib.core.config import (
    Config,
    canonical,
    choice_of,
    digest,
    has_path,
    recipes,
    to_dict,
    walked,
)
from frlib.core.errors import ConfigError
from frlib.core.space import Point, Scalar, Space
from frlib.study.schema import Study
from frlib.study.searched import at_point, own_point, space_of
from frlib.train.config import TrainConfig

Datasets = Mapping[str, str]
_CHANGED = "compat.changes."


@dataclass(frozen=True)
class Arm:
    """One configuration. `digest` covers config and content of the data, never the place."""

    cell: "Cell"
    params: Point
    config: TrainConfig
    digest: str

    @property
    def is_default(self) -> bool:
        """Whether this is the cell's own configuration, nothing searched."""
        return self.digest == self.cell.default.digest

    def to_json(self) -> dict[str, Any]:
        """What `arm.json` holds."""
        return {
            "arm": self.digest,
            "cell": dict(self.cell.shown),
            "cell_digest": self.cell.digest,
            "params": dict(self.params),
            "config": to_dict(self.config),
            "datasets": dict(self.cell.datasets),
            "default": self.is_default,
            "recipes": recipes(self.config),
        }


@dataclass(frozen=True)
class Cell:
    """One row of the table: a value on every axis, and what may be searched there."""

    shown: Mapping[str, Scalar]
    config: TrainConfig
    space: Space
    datasets: Datasets

    @cached_property
    def digest(self) -> str:
        """Identity of the cell: its config without the searched values, and its data."""
        blank = to_dict(self.config, places=False)
        for path in self.space:
            inside = blank
            *parents, (last, _) = walked(self.config, path)
            for key, part in parents:
                inside = inside.setdefault(
                    key,
                    to_dict(part, places=False)
                    if isinstance(part, Config)
                    else deepcopy(dict(part)),
                )
            inside[last] = "searched"
        return digest({"config": blank, "datasets": dict(self.datasets)})

    @cached_property
    def default(self) -> Arm:
        """The arm with nothing searched; `params` holds its values of the searched fields."""
        return self._arm(own_point(self.config, self.space), self.config)

    def arm(self, params: Point) -> Arm:
        """The arm with these searched values; `ConfigError` where they go ill together."""
        return self._arm(params, at_point(self.config, self.space, params))

    def recorded(self, entry: Mapping[str, Any]) -> Arm:
        """The arm that an `arm.json` describes, of which the space may know nothing any more."""
        own = {path: v for path, v in entry["params"].items() if has_path(self.config, path)}
        try:
            arm = self.arm(own)
        except ConfigError:
            arm = None
        if arm is not None and arm.digest == entry["arm"]:
            return arm
        return Arm(self, own, TrainConfig.parse(entry["config"]), entry["arm"])

    def _arm(self, params: Point, config: TrainConfig) -> Arm:
        content = {"config": to_dict(config, places=False), "datasets": dict(self.datasets)}
        return Arm(self, params, config, digest(content))


def cells(study: Study, digests: Callable[[TrainConfig], Datasets]) -> Iterator[Cell]:
    """Every cell in the order of the axes. `digests`: of the content of files a config names."""
    for point in product(*study.axes.values()):
        config = study.config_at(point)
        yield Cell(
            shown={path: shown(config, path) for path in study.varied},
            config=config,
            space=space_of(config, study.space),
            datasets=digests(config),
        )


def shown(config: TrainConfig, path: str) -> Scalar:
    """How a value is written in a table: a scalar as it is, a choice by its module's `label`.

    A part with a `label` of its own by that, stages by their names, what is not set as `none`. What
    is changed for an old model is written as in that model's run.
    """
    of_old = path.removeprefix(_CHANGED)
    if of_old != path and config.compat is not None and config.compat.changes:
        return shown(config.stage_runs()[config.compat.model], of_old)
    *parents, (last, value) = walked(config, path)
    if not value and (value is None or isinstance(value, Mapping)):
        return "none"
    if isinstance(value, Mapping) and all(isinstance(one, Config) for one in value.values()):
        return ", ".join(value)
    if not isinstance(value, Config):
        return value if isinstance(value, (bool, int, float, str)) else canonical(value)
    owner = parents[-1][1] if parents else config
    package = choice_of(owner, last)
    name = getattr(value, "name", None)
    if not (name and package):
        own = getattr(value, "label", None)
        return own if isinstance(own, str) else canonical(value)
    label = getattr(discover.load(package, name), "label", None)
    return str(label(value)) if label else str(name)
