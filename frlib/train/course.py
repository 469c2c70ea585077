"""Settings that change on the way of a run: which values hold from which epoch on. No torch here.

A change may set single settings of the head and of the optimiser, by their paths in the config
(`head.margin`, `head.relabel.first_corrected_epoch`, `optimiser.lr`). What the two are made of
stays: slots and terms, the shapes of their tensors, the numbers that the optimiser keeps.

Population based training finds such schedules. Source: Jaderberg et al. 2017, arXiv:1711.09846.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from frlib.core import discover
from frlib.core.config import Config, get_path, is_place, setting
from frlib.core.errors import ConfigError
from frlib.core.space import Scalar

if TYPE_CHECKING:
    from frlib.heads.config import HeadConfig
    from frlib.optimisers import Settings
    from frlib.train.config import TrainConfig

_ROOMS = ("head", "optimiser")
_ANY_CLASSES = 2
C = TypeVar("C", bound=Config)


class Change(Config):
    """Values that hold from an epoch on, until a later change."""

    epoch: int = setting(..., ge=1, doc="passes that are done before", unit="epochs")
    settings: dict[str, Scalar] = setting(
        ..., min_length=1, doc="path in the config -> value, as head.margin or optimiser.lr"
    )


def at(config: "TrainConfig", epoch: int) -> "TrainConfig":
    """The config with the values that hold once `epoch` passes are done, and no course."""
    values = {
        path: value
        for change in config.course
        if change.epoch <= epoch
        for path, value in change.settings.items()
    }
    changed = {room: _with(getattr(config, room), _below(values, room), room) for room in _ROOMS}
    return config.model_copy(update={**changed, "course": ()})


def stages(config: "TrainConfig") -> Iterator["TrainConfig"]:
    """What the config is from the beginning, and after each change."""
    for epoch in (0, *(change.epoch for change in config.course)):
        yield at(config, epoch)


def require_fit(config: "TrainConfig") -> None:
    """`ValueError` names the first change that cannot be made in this run, and says why."""
    last = 0
    for number, change in enumerate(config.course):
        where = f"course[{number}] (from epoch {change.epoch})"
        if change.epoch >= config.epochs:
            raise ValueError(
                f"{where}: the run has epochs={config.epochs}, so nothing follows; change at an "
                f"epoch from 1 to {config.epochs - 1}"
            )
        if change.epoch <= last:
            raise ValueError(
                f"{where}: follows a change at epoch {last}; put changes in ascending order, all "
                "settings of an epoch into one"
            )
        last = change.epoch
        try:
            for path in change.settings:
                _require_changeable(config, path)
            now = at(config, change.epoch)
        except ConfigError as error:
            raise ValueError(f"{where}: {error}") from None
        _require_same_parts(_head_parts(config.head), _head_parts(now.head), where)
        _require_same_parts(_kept(config.optimiser), _kept(now.optimiser), where)


def _require_changeable(config: "TrainConfig", path: str) -> None:
    value = get_path(config, path)
    room, _, rest = path.partition(".")
    if room not in _ROOMS:
        raise ConfigError(
            f"{path}: stays as it is during a run; settings of {' and '.join(_ROOMS)} can change"
        )
    if not rest or not isinstance(value, (bool, int, float, str)):
        raise ConfigError(
            f"{path}: is not a single setting, as head.scale and optimiser.lr are; name those"
        )
    above, _, last = path.rpartition(".")
    owner = get_path(config, above)
    if last == "name":
        raise ConfigError(f"{path}: a choice stays the same during a run; change its settings")
    if is_place(type(owner).model_fields[last]):
        raise ConfigError(f"{path}: changes no result, so it is no part of a course")


def _require_same_parts(before: Mapping[str, Any], now: Mapping[str, Any], where: str) -> None:
    for part in sorted(before.keys() | now.keys()):
        if before.get(part) != now.get(part):
            raise ValueError(
                f"{where}: would change {part} from {before.get(part, 'none')} to "
                f"{now.get(part, 'none')}; what head and optimiser are made of stays the same "
                "during a run. Take values that keep it (a small number instead of 0, for one)"
            )


def _head_parts(config: "HeadConfig") -> dict[str, Any]:
    """Names of the slots, and all that decides which tensors there are and how they begin."""
    composed = discover.load("frlib.heads.presets", config.name).compose(config)
    usual = ("scale", "similarity", "margin", "negatives", "relabel", "objective")
    slots = {name: getattr(composed, name) for name in usual}
    slots |= {f"term {term.term}": term for term in composed.terms}
    parts: dict[str, Any] = {}
    for name, slot in slots.items():
        parts[f"the head's {name}"] = slot.name
        for number, kept in slot.state(_ANY_CLASSES).items():
            kind = f"{'learned ' * kept.learned}{type(kept.start).__name__}"
            parts[f"{number} of the head's {name}"] = f"{kind} per {kept.per}"
    similarity = composed.similarity
    parts["centres per class"] = similarity.centres_per_class
    parts["the distribution that centres are drawn from"] = similarity.start
    return parts


def _kept(config: "Settings") -> dict[str, Any]:
    return {f"{name} of the optimiser": "kept" for name in config.kept}


def _below(values: Mapping[str, Scalar], room: str) -> dict[str, Scalar]:
    start = f"{room}."
    return {path.removeprefix(start): v for path, v in values.items() if path.startswith(start)}


def _with(owner: C, values: Mapping[str, Scalar], where: str) -> C:
    """A validated copy with all of `values` at once, for fields that limit each other."""
    raw: dict[str, Any] = {name: getattr(owner, name) for name in type(owner).model_fields}
    for name in dict.fromkeys(path.partition(".")[0] for path in values):
        if name in values:
            raw[name] = values[name]
        else:
            raw[name] = _with(raw[name], _below(values, name), f"{where}.{name}")
    return type(owner).parse(raw, where=where)
