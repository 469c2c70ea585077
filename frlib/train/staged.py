"""The stages of a run: which ones need which, and what they see. No torch here.

`frlib.stages` says what a stage is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frlib.core import discover
from frlib.core.config import Config, setting
from frlib.core.errors import ConfigError
from frlib.core.suggest import did_you_mean
from frlib.train.clean import Clean
from frlib.train.compatible import FEATURES, SUMMARY, Compat, rule_for
from frlib.train.start import Start

if TYPE_CHECKING:
    from frlib.train.config import TrainConfig

PACKAGE = "frlib.stages"
_DATA = "stages/{name}/"


class Stage(Config):
    """What every stage's config has."""

    name: str
    seed: int | None = setting(
        None, doc="one for all replicates of a run; none: that of the replicate, with the shift"
    )
    shift: int = setting(
        0, ge=0, doc="added to the replicate's seed, so that the stage draws what the run does not"
    )

    def seed_for(self, replicate: int) -> int:
        """The seed that a replicate's output is made with."""
        return replicate + self.shift if self.seed is None else self.seed


def kind_of(stage: Stage) -> str:
    """For messages: `a train stage`, `an evidence stage`."""
    return f"{'an' if stage.name[0] in 'aeiou' else 'a'} {stage.name} stage"


def every(run: "TrainConfig") -> dict[str, Stage]:
    """Name -> stage: those of the config, and those that `clean` and `compat` bring with them."""
    found = run.stages
    if run.clean.rule is not None:
        found = found | _brought(_Itself(run.clean))
    if run.compat is not None and run.compat.waits_for:
        found = found | _brought(_Itself(run.compat))
    return found


@dataclass(frozen=True, eq=False)
class _Itself:
    """A part of a config as the key of a cache: runs of a study share it, no other is equal."""

    part: Clean | Compat

    def __hash__(self) -> int:
        return id(self.part)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.part is other.part


@lru_cache
def _brought(by: _Itself) -> dict[str, Stage]:
    return {
        name: discover.load(PACKAGE, stage["name"]).Config(**stage)
        for name, stage in by.part.implied().items()
    }


def check(run: "TrainConfig") -> None:
    """`ValueError` for a stage that is not there, needs itself, is used by nobody or does not fit.

    Stages are told in an order in which each has what it needs.
    """
    used = order(run)
    unused = [name for name in run.stages if name not in used]
    if unused:
        raise ValueError(
            f"stages.{unused[0]}: nothing uses it; begin with its weights "
            f'(start={{"stage": "{unused[0]}"}}), clean by its findings '
            f'(clean={{"stage": "{unused[0]}"}}), or be compatible with its model '
            f'(compat={{"stage": "{unused[0]}"}}), or take it out'
        )
    try:
        require_weights(run, run.start)
        require_findings(run, run.clean)
        require_agreement(run)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    for name in used:
        try:
            module_of(run, name).view(every(run)[name], run)
        except ConfigError as error:
            raise ValueError(f"stages.{name}: {error}") from None


def require_weights(run: "TrainConfig", start: Start | None) -> None:
    """`ConfigError` for a start from a stage that leaves no weights."""
    if start is None or not start.stage or hasattr(module_of(run, start.stage), "weights"):
        return
    raise ConfigError(
        f"start.stage={start.stage!r}: {kind_of(every(run)[start.stage])} leaves no weights to "
        "start from"
    )


def require_findings(run: "TrainConfig", clean: Clean) -> None:
    """`ConfigError` for cleaning by a stage that finds nothing out about samples."""
    name = clean.waits_for
    if not name or hasattr(module_of(run, name), "findings"):
        return
    raise ConfigError(
        f"clean.stage={name!r}: {kind_of(every(run)[name])} leaves no findings to clean by; "
        "name a decide or a loop stage"
    )


def require_agreement(run: "TrainConfig") -> None:
    """`ConfigError` for an old model, of a stage, whose size of embeddings does not fit."""
    compat = run.compat
    if compat is not None and compat.waits_for and compat.model:
        old = trained_by(compat.model, run).backbone.embedding_size
        rule_for(compat, run.backbone.embedding_size, old)


def order(run: "TrainConfig") -> tuple[str, ...]:
    """Names of the stages that a run uses, inputs first; `ValueError` as `check`."""
    done: list[str] = []
    for where, name in _wanted(run):
        _visit(run, name, where, (), done)
    return tuple(done)


def counted(run: "TrainConfig") -> dict[str, Any]:
    """What the digest of a run covers of its stages."""
    return {name: _counted(run, name, stage) for name, stage in every(run).items()}


def _counted(run: "TrainConfig", name: str, stage: Stage) -> dict[str, Any]:
    """As before there were shifts and mirror images, where there are none: old digests hold."""
    fields: dict[str, Any] = dict(module_of(run, name).counted(stage, run))
    fields.pop("shift", None)
    if not fields.get("mirrored", True):
        del fields["mirrored"]
    return fields | ({"shift": stage.shift} if stage.shift else {})


def datasets_of(name: str, datasets: Mapping[str, str]) -> dict[str, str]:
    """Of the data sets that an arm has on record, those that a stage reads."""
    prefix = _DATA.format(name=name)
    own = {key.removeprefix(prefix): d for key, d in datasets.items() if key.startswith(prefix)}
    others = _DATA.partition("{")[0]
    return own or {key: d for key, d in datasets.items() if not key.startswith(others)}


def runs(run: "TrainConfig") -> dict[str, "TrainConfig"]:
    """Name of every stage -> the run as it sees it."""
    return {name: module_of(run, name).view(stage, run) for name, stage in every(run).items()}


def views(run: "TrainConfig") -> dict[str, "TrainConfig"]:
    """Prefix of the names of data sets -> the run as that stage sees it, where its data differ."""
    own = (run.data, run.noise)
    return {
        _DATA.format(name=name): view
        for name, view in runs(run).items()
        if (view.data, view.noise) != own
    }


def trained_by(name: str, run: "TrainConfig") -> "TrainConfig":
    """The run that a train stage trains; `ConfigError` for a stage that trains nothing."""
    stage, module = every(run)[name], module_of(run, name)
    if not hasattr(module, "weights"):
        raise ConfigError(f"model={name!r}: {kind_of(stage)} trains no model; name a train stage")
    trained: TrainConfig = module.view(stage, run)
    return trained


def started(start: Start, run: "TrainConfig", artefacts: Mapping[str, Path]) -> Start:
    """A start from a stage, with the path of its weights."""
    path = module_of(run, start.stage).weights(artefacts[start.stage])
    return Start(path=str(path), head=start.head)


def cleaned(clean: Clean, run: "TrainConfig", artefacts: Mapping[str, Path]) -> Clean:
    """Cleaning by a stage, with the path of its findings."""
    name = clean.waits_for
    path = module_of(run, name).findings(artefacts[name])
    return Clean.parse({"path": str(path), "apply": clean.apply})


def begun(run: "TrainConfig", artefacts: Mapping[str, Path]) -> "TrainConfig":
    """The run that is left to do once its stages are done; artefacts: name of a stage -> folder."""
    fields = {name: getattr(run, name) for name in type(run).model_fields} | {"stages": {}}
    if run.start is not None and run.start.stage:
        fields["start"] = started(run.start, run, artefacts)
    if run.clean.waits_for:
        fields["clean"] = cleaned(run.clean, run, artefacts)
    if run.compat is not None and run.compat.waits_for:
        fields["compat"] = made(run.compat, artefacts)
    return type(run).parse(fields)


def made(compat: Compat, artefacts: Mapping[str, Path]) -> Compat:
    """With the places of old features, and of what they say of the classes."""
    fields = {name: getattr(compat, name) for name in type(compat).model_fields}
    places = {"features": str(artefacts[FEATURES])}
    if SUMMARY in compat.waits_for:
        places["summary"] = str(artefacts[SUMMARY])
    return Compat.parse(fields | places)


def module_of(run: "TrainConfig", name: str) -> Any:
    """The module of `frlib.stages` that a stage of a run is of."""
    return discover.load(PACKAGE, every(run)[name].name)


def _wanted(run: "TrainConfig") -> list[tuple[str, str]]:
    """(field that asks for it, name) of the stages that the run itself uses."""
    start = run.start.stage if run.start is not None else ""
    asked = [("start.stage", start), ("clean.stage", run.clean.waits_for)]
    if run.compat is not None:
        asked += [("compat", name) for name in run.compat.waits_for]
    return [(where, name) for where, name in asked if name]


def _visit(
    run: "TrainConfig", name: str, where: str, above: tuple[str, ...], done: list[str]
) -> None:
    if name in done:
        return
    if name in above:
        circle = " needs ".join([*above[above.index(name) :], name])
        raise ValueError(f"stages: {circle}; a stage cannot wait for itself")
    stages = every(run)
    if name not in stages:
        known = ", ".join(stages) or f'none; add stages={{"{name}": {{"name": "train"}}}}'
        raise ValueError(
            f"{where}={name!r}: no such stage{did_you_mean(name, stages)}. Stages: {known}"
        )
    for one in module_of(run, name).inputs(stages[name], run):
        _visit(run, one, f"stages.{name}", (*above, name), done)
    done.append(name)
