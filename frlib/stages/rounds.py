"""Trainings in a row, each from the best model so far: what authors do by hand with a weight.

    round r     the run with `changes` and `each[r]`, from the model with the best selection metric
                of the rounds before (backbone and head); the first one from `start`

The best model of all rounds is what a run may start from. Rounds are kept in folders `round<r>`,
with their records; `rounds.json` says how each went.

Source: Zhong et al., Unequal-Training, CVPR 2019, whose second stage is run with interweight 1, 5
and 10, restarted from the best model each time.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from frlib.core import discover, safeio
from frlib.core.config import canonical, setting, with_path
from frlib.core.errors import ConfigError, DataError
from frlib.stages._cost import Cost
from frlib.stages._job import Job
from frlib.train import staged
from frlib.train.clean import Clean
from frlib.train.config import TrainConfig
from frlib.train.staged import Stage
from frlib.train.start import Start

_ROUNDS, _BEST = "rounds.json", "best.json"
_SHARED = ("data", "noise")


class Config(Stage):
    """What all rounds share, and what differs from one to the next."""

    name: Literal["rounds"] = "rounds"
    changes: dict[str, Any] = setting({}, doc="path of a field -> its value in every round")
    each: tuple[dict[str, Any], ...] = setting(
        ({},), min_length=1, doc="for every round: path of a field -> its value in that round"
    )
    start: Start | None = Field(
        None, description="weights that the first round starts from, a path or another stage"
    )
    clean: Clean = Field(
        Clean(), description="findings that the training set is cleaned by, a path or a stage"
    )

    @field_validator("changes", "each", mode="before")
    @classmethod
    def _is_plain(cls, value: Any) -> Any:
        return json.loads(canonical(value)) if isinstance(value, (Mapping, list, tuple)) else value


def inputs(config: Config, run: TrainConfig) -> tuple[str, ...]:
    """The stages that the first round starts from and all are cleaned by."""
    return tuple(_train().inputs(_round(config, 0), run))


def view(config: Config, run: TrainConfig) -> TrainConfig:
    """The run of the last round, short of other stages' weights.

    `ConfigError` for none, and for rounds that read other data or are told apart by other metrics.
    """
    for number, fields in enumerate(config.each):
        for path in fields:
            if path.partition(".")[0] in _SHARED:
                raise ConfigError(
                    f"each: round {number} changes {path}, but all rounds read the same data: "
                    "set it in changes"
                )
    seen = [_train().view(_round(config, number), run) for number in range(len(config.each))]
    metrics = list(dict.fromkeys(one.stopping.metric for one in seen))
    if len(metrics) > 1:
        raise ConfigError(
            f"each: rounds have stopping.metric {' and '.join(metrics)}, but the best of all is "
            "found by one; set it in changes"
        )
    last: TrainConfig = seen[-1]
    return last


def identity(config: Config, run: TrainConfig) -> dict[str, Any]:
    """The run of every round, and what they take over from other stages."""
    rounds = range(len(config.each))
    return {"rounds": [_train().identity(_round(config, number), run) for number in rounds]}


def counted(config: Config, run: TrainConfig) -> dict[str, Any]:
    """Every round as a training of its own."""
    rounds = range(len(config.each))
    own = [_train().counted(_round(config, number), run) for number in rounds]
    return {"name": config.name, "seed": config.seed, "rounds": own}


def cost(config: Config, run: TrainConfig) -> Cost:
    """A training for every round."""
    seen = [_train().view(_round(config, number), run) for number in range(len(config.each))]
    return Cost(seen=seen[-1], trainings=tuple(seen))


def produce(job: Job, folder: Path) -> dict[str, Any]:
    """Go through the rounds that are not done; says how each went and which one is the best."""
    from frlib.stages._training import Training, finished

    config = job.stage
    assert isinstance(config, Config)
    best, best_metric, told = 0, None, list[dict[str, Any]]()
    for number in range(len(config.each)):
        run = _begun(config, job, number)
        if number:
            start = Start(path=str(finished(folder / f"round{best}")), head=True)
            run = with_path(run, "start", start)
        metrics = Training(run, folder / f"round{number}", f"round{number}", job).train()
        rule = run.stopping
        metric = job.place.told(metrics.get(rule.name, float("nan")))
        if number == 0 and metric != metric:
            raise DataError(
                f"{rule.name} of the first round is not a number: nothing says which model is the "
                "best. Hold people out (data.holdout)"
            )
        told.append({"round": number, "metric": metric if metric == metric else None})
        if rule.is_better(metric, best_metric):
            best, best_metric = number, metric
    if job.place.is_first:
        safeio.write_json(folder / _ROUNDS, told)
        safeio.write_json(folder / _BEST, {"round": best})
    return {"rounds": told, "best": best}


def weights(folder: Path) -> Path:
    """The finished run of the best round, as `start.path` takes it."""
    best = safeio.read_json(folder / _BEST)["round"]
    (found,) = folder.glob(f"round{best}/arms/*/r*")
    return found


def trained(config: Config, run: TrainConfig, folder: Path) -> TrainConfig:
    """The run of the best round, short of other stages' weights and findings."""
    best = _round(config, safeio.read_json(folder / _BEST)["round"])
    found: TrainConfig = _train().view(best, run)
    return found


def _train() -> Any:
    return discover.load(staged.PACKAGE, "train")


def _round(config: Config, number: int) -> Stage:
    """A round as the train stage that it would be: the first one starts from `start`."""
    module = _train()
    stage: Stage = module.Config(
        seed=config.seed,
        changes=config.changes | config.each[number],
        start=None if number else config.start,
        clean=config.clean,
    )
    return stage


def _begun(config: Config, job: Job, number: int) -> TrainConfig:
    run: TrainConfig = _train().begun(_round(config, number), job)
    return run
