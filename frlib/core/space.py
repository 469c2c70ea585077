"""Search distributions as plain values; `frlib.rayrun` translates them for Optuna.

A *space* maps paths of a config to distributions. A point of it is flat: path -> scalar. Where a
path is searched by `Branches`, its scalar is the name of the module, and that module's own fields
follow as paths below it: `{"head.margin": "arc", "head.margin.margin": 0.4}`.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from frlib.core.config import Config

Scalar = float | int | str | bool
Point = Mapping[str, Scalar]


def is_number(value: Any) -> bool:
    """A real or whole number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Uniform(Config):
    """A real number between `low` and `high`, on a log scale if `log`."""

    kind: Literal["uniform"] = "uniform"
    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> "Uniform":
        _require_ordered(self.low, self.high, log=self.log)
        return self

    def contains(self, value: Any) -> bool:
        """Whether `value` can be drawn."""
        return is_number(value) and self.low <= float(value) <= self.high

    def edges(self) -> tuple[Scalar, ...]:
        """Values that stand for all: if a field takes these, it takes every draw."""
        return (self.low, self.high)

    def grid(self, points: int) -> tuple[Scalar, ...]:
        """`points` values from `low` to `high`, evenly on its scale, to 6 digits."""
        scale = np.geomspace if self.log else np.linspace
        inner = [float(f"{v:.6g}") for v in scale(self.low, self.high, points)[1:-1]]
        return (self.low, *inner, self.high) if points > 1 else (self.low,)


class IntUniform(Config):
    """A whole number between `low` and `high`, both included."""

    kind: Literal["int"] = "int"
    low: int
    high: int
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> "IntUniform":
        _require_ordered(self.low, self.high, log=self.log)
        return self

    def contains(self, value: Any) -> bool:
        """Whether `value` can be drawn."""
        return is_number(value) and self.low <= value <= self.high and value == int(value)

    def edges(self) -> tuple[Scalar, ...]:
        """Values that stand for all: if a field takes these, it takes every draw."""
        return (self.low, self.high)

    def grid(self, points: int) -> tuple[Scalar, ...]:
        """All of them, or `points` of them where there are more."""
        if self.high - self.low < points:
            return tuple(range(self.low, self.high + 1))
        scale = np.geomspace if self.log else np.linspace
        found = sorted({round(v) for v in scale(self.low, self.high, points)})
        return tuple(found) if points > 1 else (self.low,)


class OneOf(Config):
    """One of a few scalars, or of a few modules by name (with their defaults)."""

    kind: Literal["one_of"] = "one_of"
    values: tuple[Scalar, ...] = Field(min_length=1)

    def contains(self, value: Any) -> bool:
        """Whether `value`, or the module it is a config of, can be drawn."""
        return _name(value) in self.values

    def edges(self) -> tuple[Scalar, ...]:
        """Values that stand for all: if a field takes these, it takes every draw."""
        return self.values

    def grid(self, points: int) -> tuple[Scalar, ...]:
        """All of them."""
        return self.values


class Branches(Config):
    """One of several modules, each with a space of its own fields: a conditional space.

    options: module -> field -> distribution, or a scalar where the field is given. Fields that are
    not named have the value of the cell's own config if that is of the same module, else their
    default.
    """

    kind: Literal["branches"] = "branches"
    options: dict[str, dict[str, "Distribution | Scalar"]] = Field(min_length=1)

    @property
    def names(self) -> "OneOf":
        """The choice of the module itself."""
        return OneOf(values=tuple(self.options))

    def contains(self, value: Any) -> bool:
        """Whether `value`, or the module it is a config of, is among the options."""
        name = _name(value)
        return isinstance(name, str) and name in self.options

    def given(self, option: str) -> dict[str, Scalar]:
        """Fields of an option that are given."""
        return {f: v for f, v in self.options[option].items() if not isinstance(v, Config)}

    def space(self, option: str) -> "dict[str, Distribution]":
        """Fields of an option that are searched."""
        return {f: v for f, v in self.options[option].items() if isinstance(v, Config)}


Distribution = Annotated[Uniform | IntUniform | OneOf | Branches, Field(discriminator="kind")]
Branches.model_rebuild()
Space = Mapping[str, Distribution]
Leaf = Uniform | IntUniform | OneOf
Choose = Callable[[str, str, Leaf], Scalar]
"""Is asked for each value in turn: path, key and distribution."""


def walk(space: Space, choose: Choose) -> dict[str, Scalar]:
    """A point of the space, as chosen.

    A key names a distribution once and for all: it is the path, with the module that a field
    belongs to where that is searched: `head.margin=arc.margin`.
    """
    return {path: value for path, _, _, value in _walked(space, choose, "", "")}


def keyed(space: Space, point: Point) -> dict[str, tuple[Leaf, Scalar]] | None:
    """Key -> distribution and value of a point; None for one that cannot be drawn."""
    try:
        walked = list(_walked(space, lambda path, key, leaf: point[path], "", ""))
    except KeyError:
        return None
    whole = len(walked) == len(point) and all(leaf.contains(v) for _, _, leaf, v in walked)
    return {key: (leaf, value) for _, key, leaf, value in walked} if whole else None


def size(space: Space) -> int | None:
    """How many points there are; None where a real number is searched."""
    total = 1
    for distribution in space.values():
        count = _count(distribution)
        if count is None:
            return None
        total *= count
    return total


def _count(distribution: Distribution) -> int | None:
    if isinstance(distribution, Uniform):
        return None
    if isinstance(distribution, IntUniform):
        return distribution.high - distribution.low + 1
    if isinstance(distribution, OneOf):
        return len(set(distribution.values))
    each = [size(distribution.space(option)) for option in distribution.options]
    return None if None in each else sum(n for n in each if n is not None)


def grid(space: Space, points: int) -> list[dict[str, Scalar]]:
    """Every point, with `points` values of a number that has more; the last path runs fastest."""
    return [
        {path: value for part in parts for path, value in part.items()}
        for parts in product(*(_column(path, d, points) for path, d in space.items()))
    ]


def leaves(space: Space) -> Iterator[tuple[str, str, Leaf]]:
    """(path, key, distribution) of everything that can be asked for."""
    yield from _leaves(space, "", "")


def _column(path: str, distribution: Distribution, points: int) -> list[dict[str, Scalar]]:
    if not isinstance(distribution, Branches):
        return [{path: value} for value in distribution.grid(points)]
    found: list[dict[str, Scalar]] = []
    for option in distribution.options:
        for inner in grid(distribution.space(option), points):
            below: dict[str, Scalar] = {f"{path}.{field}": v for field, v in inner.items()}
            found.append({path: option, **below})
    return found


def _leaves(space: Space, path: str, key: str) -> Iterator[tuple[str, str, Leaf]]:
    for field, distribution in space.items():
        if not isinstance(distribution, Branches):
            yield path + field, key + field, distribution
            continue
        yield path + field, key + field, distribution.names
        for option in distribution.options:
            inner = distribution.space(option)
            yield from _leaves(inner, f"{path}{field}.", f"{key}{field}={option}.")


def _walked(
    space: Space, choose: Choose, path: str, key: str
) -> Iterator[tuple[str, str, Leaf, Scalar]]:
    for field, distribution in space.items():
        here, named = path + field, key + field
        if not isinstance(distribution, Branches):
            yield here, named, distribution, choose(here, named, distribution)
            continue
        option = str(choose(here, named, distribution.names))
        yield here, named, distribution.names, option
        inner = distribution.space(option)
        yield from _walked(inner, choose, f"{here}.", f"{named}={option}.")


def _name(value: Any) -> Any:
    return getattr(value, "name", None) if isinstance(value, Config) else value


def _require_ordered(low: float, high: float, *, log: bool) -> None:
    if not low < high or (log and low <= 0):
        raise ValueError(f"low={low}, high={high}: need low < high (and low > 0 on a log scale)")
