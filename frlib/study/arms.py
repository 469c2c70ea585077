"""From a study to its cells (points of the axes) and arms (a cell with searched values)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from frlib.core import discover
from frlib.core.config import Config, canonical, digest, get_path, to_dict, with_path
from frlib.core.space import Distribution, Scalar
from frlib.study.schema import Study, searches
from frlib.train.config import TrainConfig

Datasets = Mapping[str, str]


@dataclass(frozen=True)
class Arm:
    """One configuration. `digest` covers config and content of the data, never the place."""

    cell: "Cell"
    params: Mapping[str, Scalar]
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
        }


@dataclass(frozen=True)
class Cell:
    """One row of the table: a value on every axis, and what may be searched there."""

    shown: Mapping[str, Scalar]
    config: TrainConfig
    space: Mapping[str, Distribution]
    datasets: Datasets

    @property
    def digest(self) -> str:
        """Identity of the cell: its config without the searched values, and its data."""
        blank = to_dict(self.config, places=False)
        for path in self.space:
            *parents, last = path.split(".")
            inside = blank
            for depth, part in enumerate(parents, start=1):
                if part not in inside:
                    owner = get_path(self.config, ".".join(parents[:depth]))
                    inside[part] = to_dict(owner, places=False)
                inside = inside[part]
            inside[last] = "searched"
        return digest({"config": blank, "datasets": dict(self.datasets)})

    @property
    def default(self) -> Arm:
        """The arm with nothing searched; `params` holds its values of the searched fields."""
        return self.arm({path: get_path(self.config, path) for path in self.space})

    def arm(self, params: Mapping[str, Scalar]) -> Arm:
        """The arm with these searched values."""
        config = self.config
        for path, value in params.items():
            config = with_path(config, path, value)
        content = {"config": to_dict(config, places=False), "datasets": dict(self.datasets)}
        return Arm(self, params, config, digest(content))


def cells(study: Study, digests: Callable[[TrainConfig], Datasets]) -> Iterator[Cell]:
    """Every cell in the order of the axes. `digests`: of the content of files a config names."""
    for point in product(*study.axes.values()):
        config = study.config_at(point)
        yield Cell(
            shown={path: shown(config, path) for path in study.varied},
            config=config,
            space={path: d for path, d in study.space.items() if searches(config, path, d)},
            datasets=digests(config),
        )


def shown(config: TrainConfig, path: str) -> Scalar:
    """How a value is written in a table: a scalar as it is, a choice by its module's `label`."""
    value = get_path(config, path)
    if not isinstance(value, Config):
        return value if isinstance(value, (bool, int, float, str)) else canonical(value)
    name = getattr(value, "name", None)
    field = type(config).model_fields.get(path)
    package = (
        next((m.package for m in field.metadata if hasattr(m, "package")), "") if field else ""
    )
    if not (name and package):
        return canonical(value)
    label = getattr(discover.load(package, name), "label", None)
    return str(label(value)) if label else str(name)
