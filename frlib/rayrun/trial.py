"""One Tune trial: an arm and its replicates in turn, in-process or through Ray Train."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ray import train, tune

from frlib.core import published
from frlib.core.config import to_dict
from frlib.core.errors import ConfigError, FrlibError, NodeLostError, NumericsError
from frlib.rayrun import environment, near, seat, several, staging
from frlib.rayrun.lent import lent
from frlib.rayrun.notice import Notice, TakesNotice, watched
from frlib.rayrun.tally import Tally
from frlib.rayrun.worker import work
from frlib.records.ledger import completed, final_metrics
from frlib.study.schema import Resources
from frlib.train import replicate
from frlib.train.config import TrainConfig


def run_arm(order: dict[str, Any]) -> None:
    """Tune's function. A replicate that is on record is not run again.

    An error of the configuration or its numbers would happen again: the arm is failed. Another
    typed error (a full disk, damaged data) leaves it unfinished, for the next run to take up. Any
    other exception, or a node that goes, ends the trial; another one goes on from its checkpoint
    (`frlib.rayrun.failures`).
    """
    environment.set_switches()
    with lent(), watched() as notice:
        tune.report(_ended(order, notice))


run_arm.__mixins__ = (TakesNotice,)  # type: ignore[attr-defined]


def _ended(order: Mapping[str, Any], notice: Notice) -> dict[str, Any]:
    """Run what is missing of an arm; its last result."""
    config = TrainConfig.parse(order["config"])
    resources = Resources.parse(order["resources"])
    tally = Tally(
        order["metric"],
        config.epochs,
        objectives=order["objectives"],
        params=order["params"],
        changes=[(change.epoch, change.settings) for change in config.course],
        waits=resources.most_workers > 1,
    )
    try:
        with near.opened(order["store"]) as store:
            for seed in order["seeds"]:
                ticket = replicate.Ticket(
                    store,
                    order["study"],
                    order["arm"],
                    seed,
                    keep_at=tuple(order["keep_at"]) if seed == order["seeds"][0] else (),
                )
                published.bring(ticket.folder)
                done = completed(ticket.folder)
                if done is None:
                    data = order["datasets"]
                    with staging.resolved(config, ticket, data, resources, notice) as (left, told):
                        tally.begin()
                        _replicate(left, told, order, resources, tally, notice)
                    published.bring(ticket.folder, heavy=False)
                    done = completed(ticket.folder)
                    assert done is not None, "a finished replicate is on record"
                tally.close(final_metrics(done))
                if tally.is_short and seed != order["seeds"][-1]:
                    tune.report(tally.whole(seed))
    except NodeLostError:
        raise
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
    notice: Notice,
) -> None:
    if resources.most_workers == 1:
        replicate.run(
            config,
            ticket,
            replace(seat.taken(resources), notice=notice),
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
