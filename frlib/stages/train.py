"""A training of its own: the run with some of its fields changed, and nothing before it.

    run of the stage = the arm's run, without start and stages, with `changes`

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
    with_path,
    with_paths,
)
from frlib.core.errors import ConfigError
from frlib.stages._job import Job
from frlib.train import staged
from frlib.train.config import TrainConfig
from frlib.train.staged import Stage
from frlib.train.start import Start

_NOT_CHANGED = ("start", "stages")


class Config(Stage):
    """Which fields, and what this training starts from itself."""

    name: Literal["train"] = "train"
    changes: dict[str, Any] = setting(
        {}, doc="path of a field -> its value here; a part is set before the fields inside it"
    )
    start: Start | None = Field(
        None, description="weights that it starts from itself, a path or another stage; none: none"
    )

    @field_validator("changes", mode="before")
    @classmethod
    def _is_plain(cls, value: Any) -> Any:
        return json.loads(canonical(value)) if isinstance(value, dict) else value


def inputs(config: Config) -> tuple[str, ...]:
    """The stage that it starts from, if there is one."""
    return (config.start.stage,) if config.start is not None and config.start.stage else ()


def view(config: Config, run: TrainConfig) -> TrainConfig:
    """The run that is trained, short of the weights of another stage; `ConfigError` for none."""
    for path in config.changes:
        if path.partition(".")[0] in _NOT_CHANGED:
            raise ConfigError(
                f"changes.{path}: the run of a stage has neither stages nor the run's start; set "
                "the stage's own start"
            )
    staged.require_weights(run, config.start)
    fields = {name: getattr(run, name) for name in TrainConfig.model_fields}
    own = None if inputs(config) else config.start
    bare = TrainConfig.parse(fields | {"stages": {}, "start": own})
    try:
        return with_paths(bare, config.changes)
    except ConfigError as error:
        raise ConfigError(f"changes: {error}") from None


def identity(config: Config, run: TrainConfig) -> dict[str, Any]:
    """The run that is trained, and what it takes over from another stage."""
    takes_head = config.start is not None and config.start.head
    return {"run": view(config, run), "head": bool(inputs(config)) and takes_head}


def counted(config: Config, run: TrainConfig) -> dict[str, Any]:
    """As `Config.counted`, each change as the run has it by then, without places."""
    changed = view(config, run)
    kept = {p: get_path(changed, p) for p in config.changes if not _is_place(changed, p)}
    plain = json.loads(canonical(kept, places=False))
    return to_dict(config, places=False) | {"changes": plain}


def produce(job: Job, folder: Path) -> dict[str, Any]:
    """Train it, from its newest checkpoint; its records say how it went."""
    import torch

    from frlib.records import declare, ledger
    from frlib.train import replicate
    from frlib.train.reporter import silent

    run = _begun(job)
    ticket = replicate.Ticket(job.store, job.stage.name, job.digest, job.seed, records=folder)
    found = None
    if job.place.is_first:
        arm = {"arm": job.digest, "cell": {}, "params": {}, "config": to_dict(run)}
        declare.write_study(folder, {"name": job.stage.name})
        declare.write_arm(folder, arm | {"datasets": dict(job.datasets), "default": True})
        found = ledger.completed(ticket.folder)
    is_done = torch.tensor([float(found is not None)], device=job.place.device)
    if not job.place.group.max(is_done).item():
        replicate.run(run, ticket, job.place, silent)
    if not job.place.is_first:
        return {}
    declare.write_verdict(folder, job.digest, {"status": "complete"})
    attempt = ledger.completed(ticket.folder)
    assert attempt is not None, "a finished replicate is on record"
    return {"seed": job.seed, "metrics": ledger.final_metrics(attempt)}


def weights(folder: Path) -> Path:
    """The finished run in an artefact, as `start.path` takes it."""
    (found,) = folder.glob("arms/*/r*")
    return found


def _begun(job: Job) -> TrainConfig:
    """The run with the weights that it starts from."""
    assert isinstance(job.stage, Config)
    run = view(job.stage, job.run)
    if not inputs(job.stage):
        return run
    assert job.stage.start is not None
    return with_path(run, "start", staged.started(job.stage.start, job.run, job.inputs))


def _is_place(run: TrainConfig, path: str) -> bool:
    """Whether the field at a path changes no result."""
    parent, _, last = path.rpartition(".")
    owner = get_path(run, parent) if parent else run
    return isinstance(owner, Base) and is_place(type(owner).model_fields[last])
