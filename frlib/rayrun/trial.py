"""One Tune trial: an arm and its replicates in turn, in-process or through Ray Train."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from ray import train, tune

from frlib.core.config import to_dict
from frlib.core.errors import ConfigError, FrlibError, NumericsError
from frlib.rayrun import environment, several, staging
from frlib.rayrun.lent import lent
from frlib.rayrun.tally import Tally
from frlib.rayrun.worker import work
from frlib.records.ledger import completed, final_metrics
from frlib.study.schema import Resources
from frlib.train import replicate
from frlib.train.config import TrainConfig
from frlib.train.place import here


def run_arm(order: dict[str, Any]) -> None:
    """Tune's function. A replicate that is on record is not run again.

    An error of the configuration or its numbers would happen again: the arm is failed. Another
    typed error (a full disk, damaged data) leaves it unfinished, for the next run to take up. Any
    other exception ends the trial, which Tune starts again; it goes on from its checkpoint.
    """
    environment.set_switches()
    with lent():
        tune.report(_ended(order))


def _ended(order: Mapping[str, Any]) -> dict[str, Any]:
    """Run what is missing of an arm; its last result."""
    config = TrainConfig.parse(order["config"])
    resources = Resources.parse(order["resources"])
    tally = Tally(
        order["metric"],
        config.epochs,
        objectives=order["objectives"],
        params=order["params"],
        changes=[(change.epoch, change.settings) for change in config.course],
    )
    try:
        for seed in order["seeds"]:
            ticket = replicate.Ticket(
                Path(order["store"]),
                order["study"],
                order["arm"],
                seed,
                keep_at=tuple(order["keep_at"]) if seed == order["seeds"][0] else (),
            )
            done = completed(ticket.folder)
            if done is None:
                with staging.resolved(config, ticket, order["datasets"], resources) as (left, told):
                    tally.begin()
                    _replicate(left, told, order, resources, tally)
                done = completed(ticket.folder)
                assert done is not None, "a finished replicate is on record"
            tally.close(final_metrics(done))
            if tally.is_short and seed != order["seeds"][-1]:
                tune.report(tally.whole(seed))
    except FrlibError as error:
        final = isinstance(error, (ConfigError, NumericsError))
        message = f"{type(error).__name__}: {error}"
        return tally.end("failed" if final else "unfinished", message)
    return tally.end("complete")


def _replicate(
    config: TrainConfig,
    ticket: replicate.Ticket,
    order: Mapping[str, Any],
    resources: Resources,
    tally: Tally,
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
    several.fit(
        work,
        {
            **order,
            "config": to_dict(config),
            "seed": ticket.seed,
            "keep_at": list(ticket.keep_at),
            "facts": dict(ticket.facts),
        },
        resources,
        name=f"{ticket.arm}-r{ticket.seed}",
        storage=ticket.store / "ray" / ticket.study,
        callbacks=[_Forward(tally, ticket.seed)],
    )


class _Forward(train.UserCallback):
    """Passes rank 0's rows on to Tune, from the Train controller."""

    def __init__(self, tally: Tally, seed: int) -> None:
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
