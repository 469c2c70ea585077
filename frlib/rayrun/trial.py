"""One Tune trial: an arm and its replicates in turn, in-process or through Ray Train."""

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from ray import train, tune
from ray.train.torch import TorchTrainer

from frlib.core.errors import ConfigError, FrlibError, NumericsError
from frlib.rayrun import environment
from frlib.rayrun.release import GROUP_KEY
from frlib.rayrun.worker import work
from frlib.records.ledger import completed, final_metrics
from frlib.study.schema import Resources
from frlib.train import replicate
from frlib.train.config import TrainConfig
from frlib.train.place import here


class _Tally:
    """Turns rows of a replicate into results of the arm: epochs of all replicates, mean so far."""

    def __init__(self, order: Mapping[str, Any], epochs: int) -> None:
        self._metric = str(order["metric"])
        self._epochs = epochs
        self._values: list[float] = []
        self._latest = math.nan
        self._epoch = 0
        self._tag: dict[str, Any] = {}
        self.is_short = False
        """Whether the replicate that was closed last ran here and ended before its last epoch."""

    def result(self, seed: int, row: Mapping[str, Any]) -> dict[str, Any]:
        """`step`: epochs over all replicates; `value`: mean over them, the running one included."""
        self._latest = float(row.get(self._metric, self._latest))
        self._tag = {k: row[k] for k in (GROUP_KEY,) if k in row} or self._tag
        self._epoch = int(row["epoch"])
        return {
            "step": len(self._values) * self._epochs + self._epoch,
            "value": self._mean([*self._values, self._latest]),
            "seed": seed,
            "epoch": self._epoch,
            "status": "",
            **self._tag,
        }

    def whole(self, seed: int) -> dict[str, Any]:
        """What a replicate that ended early is at the end of all its epochs: as it was."""
        return {**self.end(""), "seed": seed, "epoch": self._epochs, **self._tag}

    def close(self, metrics: Mapping[str, float]) -> None:
        """A replicate is complete, perhaps before its last epoch."""
        self._values.append(float(metrics.get(self._metric, math.nan)))
        self.is_short, self._epoch = 0 < self._epoch < self._epochs, 0

    def end(self, status: str, message: str = "") -> dict[str, Any]:
        """The arm's last result."""
        return {
            "step": len(self._values) * self._epochs,
            "value": self._mean(self._values),
            "status": status,
            "message": message,
        }

    @staticmethod
    def _mean(values: list[float]) -> float:
        return sum(values) / len(values) if values else math.nan


def run_arm(order: dict[str, Any]) -> None:
    """Tune's function. A replicate that is on record is not run again.

    An error of the configuration or its numbers would happen again: the arm is failed. Another
    typed error (a full disk, damaged data) leaves it unfinished, for the next run to take up. Any
    other exception ends the trial, which Tune starts again; it goes on from its checkpoint.
    """
    environment.set_switches()
    config = TrainConfig.parse(order["config"])
    resources = Resources.parse(order["resources"])
    tally = _Tally(order, config.epochs)
    try:
        for seed in order["seeds"]:
            ticket = replicate.Ticket(Path(order["store"]), order["study"], order["arm"], seed)
            done = completed(ticket.folder)
            if done is None:
                _replicate(config, ticket, order, resources, tally)
                done = completed(ticket.folder)
                assert done is not None, "a finished replicate is on record"
            tally.close(final_metrics(done))
            if tally.is_short and seed != order["seeds"][-1]:
                tune.report(tally.whole(seed))
    except FrlibError as error:
        final = isinstance(error, (ConfigError, NumericsError))
        message = f"{type(error).__name__}: {error}"
        tune.report(tally.end("failed" if final else "unfinished", message))
        return
    tune.report(tally.end("complete"))


def _replicate(
    config: TrainConfig,
    ticket: replicate.Ticket,
    order: Mapping[str, Any],
    resources: Resources,
    tally: _Tally,
) -> None:
    if resources.most_workers == 1:
        torch.set_num_threads(max(1, int(resources.cpus_per_worker)))
        replicate.run(
            config,
            ticket,
            here(use_gpu=resources.gpus_per_worker > 0),
            lambda row: tune.report(tally.result(ticket.seed, row)),
        )
        return
    per_worker = {"CPU": resources.cpus_per_worker}
    if resources.gpus_per_worker:
        per_worker["GPU"] = resources.gpus_per_worker
    trainer = TorchTrainer(
        work,
        train_loop_config={**order, "seed": ticket.seed, "cpus": resources.cpus_per_worker},
        scaling_config=train.ScalingConfig(
            num_workers=_range(resources),  # type: ignore[arg-type]
            use_gpu=resources.gpus_per_worker > 0,
            resources_per_worker=per_worker,
        ),
        run_config=train.RunConfig(
            name=f"{ticket.arm}-r{ticket.seed}-{time.time_ns()}",
            storage_path=str(ticket.store / "ray" / ticket.study),
            callbacks=[_Forward(tally, ticket.seed)],  # type: ignore[list-item]
            failure_config=train.FailureConfig(
                # A run that may shrink goes on with the workers that are left.
                max_failures=resources.max_failures if resources.max_workers else 0
            ),
        ),
    )
    try:
        trainer.fit()
    except train.WorkerGroupError as error:
        for failure in error.worker_failures.values():
            typed = _typed(failure)
            if typed is not None:
                raise typed from error
        raise


def _typed(error: BaseException | None) -> FrlibError | None:
    """The typed error inside what Ray wraps around a worker's exception."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, FrlibError):
            return error
        error = getattr(error, "_base_exc", None) or error.__cause__
    return None


def _range(resources: Resources) -> int | tuple[int, int]:
    """Workers of one run, as Ray Train takes them: a pair lets a run grow and shrink."""
    if resources.most_workers == resources.workers:
        return resources.workers
    return resources.workers, resources.most_workers


class _Forward(train.UserCallback):
    """Passes rank 0's rows on to Tune, from the Train controller."""

    def __init__(self, tally: _Tally, seed: int) -> None:
        from ray.tune.integration.ray_train import TuneReportCallback

        self._tune = TuneReportCallback()
        self._tally = tally
        self._seed = seed

    def after_report(
        self, run_context: Any, metrics: list[dict[str, Any]], checkpoint: Any
    ) -> None:
        """One report of all workers."""
        self._tune.after_report(
            run_context, [self._tally.result(self._seed, metrics[0])], checkpoint
        )
