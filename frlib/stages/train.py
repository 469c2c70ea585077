"""A training of its own: the run with some of its fields changed, and nothing before it.

    run of the stage = the arm's run, without start, stages and an old model, with `changes`

Its artefact is the folder of a study of one run (`frlib.records`): weights, metrics, decisions.
Runs that change everything in which they differ share one pre-training.
"""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from frlib.core.config import Config as Base
from frlib.core.config import (
    canonical,
    get_path,
    is_place,
    setting,
    to_dict,
    with_paths,
)
from frlib.core.errors import ConfigError
from frlib.stages._cost import Cost
from frlib.stages._job import Job
from frlib.train import staged
from frlib.train.clean import Clean
from frlib.train.config import TrainConfig
from frlib.train.staged import Stage
from frlib.train.start import Start

_NOT_CHANGED = ("start", "stages", "clean", "compat")


class Config(Stage):
    """Which fields, and what this training starts from itself."""

    name: Literal["train"] = "train"
    changes: dict[str, Any] = setting(
        {}, doc="path of a field -> its value here; a part is set before the fields inside it"
    )
    start: Start | None = Field(
        None, description="weights that it starts from itself, a path or another stage; none: none"
    )
    clean: Clean = Field(
        Clean(), description="findings that its own training set is cleaned by, a path or a stage"
    )

    @field_validator("changes", mode="before")
    @classmethod
    def _is_plain(cls, value: Any) -> Any:
        return json.loads(canonical(value)) if isinstance(value, dict) else value


def inputs(config: Config, run: TrainConfig) -> tuple[str, ...]:
    """The stages that it starts from and is cleaned by, if there are any."""
    start = config.start.stage if config.start is not None else ""
    return tuple(name for name in (start, config.clean.stage) if name)


def view(config: Config, run: TrainConfig) -> TrainConfig:
    """The run that is trained, short of the weights of another stage; `ConfigError` for none."""
    for path in config.changes:
        if path.partition(".")[0] in _NOT_CHANGED:
            raise ConfigError(
                f"changes.{path}: the run of a stage has neither stages nor an old model, and "
                "not the run's start and cleaning; set the stage's own start and clean"
            )
    if config.clean.rule is not None:
        raise ConfigError(
            "clean.rule: a rule brings stages of its own, and a stage cannot have any; name the "
            "stage that decides (clean.stage)"
        )
    staged.require_weights(run, config.start)
    staged.require_findings(run, config.clean)
    fields = {name: getattr(run, name) for name in TrainConfig.model_fields}
    start = None if config.start is not None and config.start.stage else config.start
    clean = Clean() if config.clean.stage else config.clean
    own: dict[str, Any] = {"stages": {}, "compat": None, "start": start, "clean": clean}
    bare = TrainConfig.parse(fields | own | {"stopping": run.stopping.alone})
    try:
        return with_paths(bare, config.changes)
    except ConfigError as error:
        raise ConfigError(f"changes: {error}") from None


def identity(config: Config, run: TrainConfig) -> dict[str, Any]:
    """The run that is trained, what it takes over from other stages, and what is kept of it."""
    start, clean = config.start, config.clean
    told = {
        "keeps": "losses",
        "run": view(config, run),
        "head": start is not None and bool(start.stage) and start.head,
    }
    return told | ({"apply": clean.apply} if clean.stage else {})


def counted(config: Config, run: TrainConfig) -> dict[str, Any]:
    """As `Config.counted`, each change as the run has it by then, without places."""
    changed = view(config, run)
    kept = {p: get_path(changed, p) for p in config.changes if not _is_place(changed, p)}
    plain = json.loads(canonical(kept, places=False))
    fields = to_dict(config, places=False) | {"changes": plain}
    if not config.clean.is_on:
        del fields["clean"]
    return fields


def cost(config: Config, run: TrainConfig) -> Cost:
    """One training."""
    seen = view(config, run)
    return Cost(seen=seen, trainings=(seen,))


def begun(config: Config, job: Job) -> TrainConfig:
    """The run with the weights that it starts from, and the findings it is cleaned by."""
    start, clean = config.start, config.clean
    changes: dict[str, Any] = {}
    if start is not None and start.stage:
        changes["start"] = staged.started(start, job.run, job.inputs)
    if clean.stage:
        changes["clean"] = staged.cleaned(clean, job.run, job.inputs)
    return with_paths(view(config, job.run), changes)


def produce(job: Job, folder: Path) -> dict[str, Any]:
    """Train it, from its newest checkpoint; its records say how it went."""
    from frlib.stages._training import Training

    assert isinstance(job.stage, Config)
    metrics = Training(begun(job.stage, job), folder, job.stage.name, job).train()
    return {"seed": job.seed, "metrics": dict(metrics)} if job.place.is_first else {}


def weights(folder: Path) -> Path:
    """The finished run in an artefact, as `start.path` takes it."""
    (found,) = folder.glob("arms/*/r*")
    return found


def _is_place(run: TrainConfig, path: str) -> bool:
    """Whether the field at a path changes no result."""
    parent, _, last = path.rpartition(".")
    owner = get_path(run, parent) if parent else run
    return isinstance(owner, Base) and is_place(type(owner).model_fields[last])
