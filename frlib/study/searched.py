"""Which fields of which cells are searched, and how a point of the space becomes a config."""

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from frlib.core import discover
from frlib.core.config import Config, choice_of, get_path, has_path, walked, with_paths
from frlib.core.space import Branches, Distribution, Leaf, Point, Scalar, Space, walk

C = TypeVar("C", bound=Config)
_OF_MODULE = r"=(\w+)(?=\.)"


def field_of(key: str) -> str:
    """The path that a key of a study's space searches: `head=expface.margin` -> `head.margin`."""
    return re.sub(_OF_MODULE, "", key)


def searches(config: Config, key: str, distribution: Distribution) -> bool:
    """Whether a cell searches a field: it has it, and its own value can be drawn.

    So `head.lam` between 0.5 and 5 is searched for BoundaryFace (lam = pi), and left alone for
    BoundaryF1 (lam = 0) and for heads without a lam. A key may name the module that it is for:
    `head=expface.margin` is searched where the head is ExpFace, and goes before `head.margin`.
    """
    for found in re.finditer(_OF_MODULE, key):
        owner = re.sub(_OF_MODULE, "", key[: found.start()])
        if not has_path(config, owner) or _name(get_path(config, owner)) != found[1]:
            return False
    path = field_of(key)
    return has_path(config, path) and distribution.contains(get_path(config, path))


def space_of(config: Config, space: Space) -> dict[str, Distribution]:
    """Path -> distribution of what a cell searches, in the order of the study's space."""
    mine = [(key, d) for key, d in space.items() if searches(config, key, d)]
    found = {field_of(key): d for key, d in mine}
    return found | {field_of(key): d for key, d in mine if field_of(key) != key}


def own_point(config: Config, space: Space) -> dict[str, Scalar]:
    """The point of the space where a config lies itself, also where it cannot be drawn."""

    def choose(path: str, key: str, leaf: Leaf) -> Scalar:
        value = get_path(config, path)
        return str(getattr(value, "name", value)) if isinstance(value, Config) else value

    return walk(space, choose)


def at_point(config: C, space: Space, point: Point) -> C:
    """The config with the values of a point. `ConfigError` where they have no meaning together."""
    values: dict[str, Any] = {}
    for path, value in point.items():
        distribution = space.get(path)
        given = distribution.given(str(value)) if isinstance(distribution, Branches) else {}
        is_module = has_path(config, path) and isinstance(get_path(config, path), Config)
        values[path] = _named(config, path, str(value)) | given if is_module else value
    return with_paths(config, values)


def check(space: Space, varied: Sequence[str], configs: Sequence[Config]) -> None:
    """`ValueError` for a field that is searched nowhere, or that refuses what can be drawn.

    `ConfigError`, from the field, names what is wrong with a value.
    """
    paths = {field_of(key) for key in space}
    for key, distribution in space.items():
        path = field_of(key)
        above = [one for one in paths if path.startswith(f"{one}.")]
        if above:
            raise ValueError(
                f"{path} is searched, and {above[0]} with it; put it into the branches of "
                f"{above[0]}, where it has a meaning"
            )
        if path in varied:
            raise ValueError(f"{path} is an axis and searched at once")
        if not any(has_path(config, path) for config in configs):
            get_path(configs[0], path)
        searching = [c for c in configs if searches(c, key, distribution)]
        if not searching:
            values = sorted({str(get_path(c, path)) for c in configs if has_path(c, path)})
            raise ValueError(
                f"{key} is searched nowhere: no cell's own value ({', '.join(values)}) lies "
                f"inside {distribution}"
            )
        top = path.partition(".")[0]
        for config in {id(getattr(c, top)): c for c in searching}.values():
            _check_values(config, path, distribution)


def _check_values(config: Config, path: str, distribution: Distribution) -> None:
    """Every value by itself. Modules that go ill together are left to the search, which goes on."""
    if not isinstance(distribution, Branches):
        for edge in distribution.edges():
            at_point(config, {path: distribution}, {path: edge})
        return
    *parents, (last, _) = walked(config, path)
    package = choice_of(parents[-1][1] if parents else config, last)
    if not package:
        raise ValueError(f"{path} has branches, but its value is no module; search OneOf values")
    for option in distribution.options:
        module = discover.load(package, option)
        own = module.Config.parse({"name": option, **distribution.given(option)})
        for field, inner in distribution.space(option).items():
            _check_values(own, field, inner)


def _named(config: Config, path: str, name: str) -> dict[str, Any]:
    """A module with the fields that a config's own has, if it is the same one."""
    own = get_path(config, path)
    if _name(own) != name:
        return {"name": name}
    return {field: getattr(own, field) for field in type(own).model_fields}


def _name(value: Any) -> Any:
    return getattr(value, "name", None)
