"""The stages of a run: which ones need which, and what they see. No torch here.

`frlib.stages` says what a stage is.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frlib.core import discover
from frlib.core.config import Config, setting
from frlib.core.errors import ConfigError
from frlib.core.suggest import did_you_mean
from frlib.train.start import Start

if TYPE_CHECKING:
    from frlib.train.config import TrainConfig

PACKAGE = "frlib.stages"
_DATA = "stages/{name}/"


class Stage(Config):
    """What every stage's config has."""

    name: str
    seed: int | None = setting(
        None, doc="one for all replicates of a run; none: that of the replicate"
    )

    def seed_for(self, replicate: int) -> int:
        """The seed that a replicate's output is made with."""
        return replicate if self.seed is None else self.seed


def check(run: "TrainConfig") -> None:
    """`ValueError` for a stage that is not there, needs itself, is used by nobody or does not fit.

    Stages are told in an order in which each has what it needs.
    """
    used = order(run)
    unused = [name for name in run.stages if name not in used]
    if unused:
        raise ValueError(
            f"stages.{unused[0]}: nothing uses it; begin with its weights "
            f'(start={{"stage": "{unused[0]}"}}), or take it out'
        )
    try:
        require_weights(run, run.start)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    for name in used:
        try:
            _module(run, name).view(run.stages[name], run)
        except ConfigError as error:
            raise ValueError(f"stages.{name}: {error}") from None


def require_weights(run: "TrainConfig", start: Start | None) -> None:
    """`ConfigError` for a start from a stage that leaves no weights."""
    if start is None or not start.stage or hasattr(_module(run, start.stage), "weights"):
        return
    raise ConfigError(
        f"start.stage={start.stage!r}: a {run.stages[start.stage].name} stage leaves no weights "
        "to start from"
    )


def order(run: "TrainConfig") -> tuple[str, ...]:
    """Names of the stages that a run uses, inputs first; `ValueError` as `check`."""
    done: list[str] = []
    for name in _wanted(run):
        _visit(run, name, "start.stage", (), done)
    return tuple(done)


def counted(run: "TrainConfig") -> dict[str, Any]:
    """What the digest of a run covers of its stages."""
    return {name: _module(run, name).counted(stage, run) for name, stage in run.stages.items()}


def datasets_of(name: str, datasets: Mapping[str, str]) -> dict[str, str]:
    """Of the data sets that an arm has on record, those that a stage reads."""
    prefix = _DATA.format(name=name)
    own = {key.removeprefix(prefix): d for key, d in datasets.items() if key.startswith(prefix)}
    others = _DATA.partition("{")[0]
    return own or {key: d for key, d in datasets.items() if not key.startswith(others)}


def views(run: "TrainConfig") -> dict[str, "TrainConfig"]:
    """Prefix of the names of data sets -> the run as that stage sees it, where its data differ."""
    seen = {
        _DATA.format(name=name): _module(run, name).view(stage, run)
        for name, stage in run.stages.items()
    }
    own = (run.data, run.noise)
    return {prefix: view for prefix, view in seen.items() if (view.data, view.noise) != own}


def started(start: Start, run: "TrainConfig", artefacts: Mapping[str, Path]) -> Start:
    """A start from a stage, with the path of its weights."""
    path = _module(run, start.stage).weights(artefacts[start.stage])
    return Start(path=str(path), head=start.head)


def begun(run: "TrainConfig", artefacts: Mapping[str, Path]) -> "TrainConfig":
    """The run that is left to do once its stages are done; artefacts: name of a stage -> folder."""
    assert run.start is not None
    fields = {name: getattr(run, name) for name in type(run).model_fields}
    return type(run).parse(fields | {"stages": {}, "start": started(run.start, run, artefacts)})


def _wanted(run: "TrainConfig") -> tuple[str, ...]:
    return (run.start.stage,) if run.start is not None and run.start.stage else ()


def _visit(
    run: "TrainConfig", name: str, where: str, above: tuple[str, ...], done: list[str]
) -> None:
    if name in done:
        return
    if name in above:
        circle = " needs ".join([*above[above.index(name) :], name])
        raise ValueError(f"stages: {circle}; a stage cannot wait for itself")
    if name not in run.stages:
        known = ", ".join(run.stages) or f'none; add stages={{"{name}": {{"name": "train"}}}}'
        raise ValueError(
            f"{where}={name!r}: no such stage{did_you_mean(name, run.stages)}. Stages: {known}"
        )
    for one in _module(run, name).inputs(run.stages[name]):
        _visit(run, one, f"stages.{name}", (*above, name), done)
    done.append(name)


def _module(run: "TrainConfig", name: str) -> Any:
    return discover.load(PACKAGE, run.stages[name].name)
