"""A plan through Ray Tune: one trial per arm, Optuna proposing, a rule stopping, records deciding.

A restart builds a new Tune experiment from the records: what has a verdict is not run again, an arm
without one continues from its checkpoints. Tune's own restore (which unpickles) is not used.
"""

import logging
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frlib.core.errors import ClusterError, StoppedError
from frlib.rayrun import environment
from frlib.records import halted, layout
from frlib.study.plan import Plan, make
from frlib.study.watch import Watcher

if TYPE_CHECKING:
    from frlib.rayrun.budget import Spending
    from frlib.rayrun.session import Session

log = logging.getLogger(__name__)
Work = Callable[[dict[str, Any]], None]
"""Of a trial, from its order."""


def run(
    plan: Plan,
    watcher: Watcher,
    address: str = "",
    replay: Path | None = None,
    work: Work | None = None,
) -> None:
    """Run what a plan is missing, on a Ray cluster; returns when no more is to begin.

    replay: another store with this study; its arms are proposed in their order, and no others.
    work: what a trial does instead of training (a benchmark).
    `RecordError` if it has none, `StoppedError` when somebody asked the study to stop.
    """
    study = plan.study
    environment.connect(address, namespace=f"frlib-{study.name}")
    from frlib.rayrun.budget import Spending
    from frlib.rayrun.played import points
    from frlib.rayrun.session import Session
    from frlib.rayrun.turns import ClusterBoard, Turns
    from frlib.rayrun.verdicts import Verdicts

    played = None
    if replay is not None:
        layout.find_study(replay, study.name)
        played = make(study, replay)
    spending = Spending(plan, watcher.stopping)
    verdicts = Verdicts(plan.folder, study.selection.name, watcher)
    turns = Turns(
        ClusterBoard(),
        f"{study.name}-{socket.gethostname()}-{os.getpid()}",
        study.name,
        study.resources.priority,
        in_process=study.resources.most_workers == 1,
    )
    session = Session(plan, spending, verdicts, points(plan, played), replay is not None, turns)
    halted.clear(plan.folder)
    if session.remaining:
        try:
            _tune(session, plan, work)
        finally:
            turns.leave()
    if watcher.stopping():
        spending.may_begin()  # notes why, also where every arm had begun before
    if spending.reason:
        _halt(spending, plan)
    if watcher.stopping():
        raise StoppedError(
            f"{study.name} was asked to stop: what is recorded is kept, arms that were running go "
            "on from their last epoch when the same command is run again"
        )


def _halt(spending: "Spending", plan: Plan) -> None:
    """Write down why arms that are left were not run, if there are any."""
    after = make(plan.study, plan.store)
    due = {one.cell.digest: after.due(one) for one in after.cells}
    if not after.runs_left:
        return
    halted.write(
        plan.folder,
        reason=spending.reason,
        spent=spending.facts(),
        not_begun={cell: count for cell, (_, count) in due.items()},
        to_go_on=[arm for owing, _ in due.values() for arm in owing],
    )
    log.warning("%s: no further arm was begun: %s", plan.study.name, halted.read(plan.folder))


def _tune(session: "Session", plan: Plan, work: Work | None) -> None:
    from ray import tune
    from ray.exceptions import RayError

    from frlib.rayrun.discreet import keep_secrets
    from frlib.rayrun.ending import Ending
    from frlib.rayrun.out_of_memory import survived
    from frlib.rayrun.release import ReleaseWorkers
    from frlib.rayrun.trial import run_arm
    from frlib.rayrun.verdicts import Tell

    keep_secrets()
    resources = plan.study.resources
    in_process = resources.most_workers == 1
    held = environment.trial_resources(resources) if in_process else environment.driver_resources()
    scratch = plan.store / "ray" / plan.study.name
    tell = Tell(session.verdicts, session.spending, session.scheduler, session.failures)
    tuner = tune.Tuner(
        tune.with_resources(work or run_arm, held),
        tune_config=tune.TuneConfig(
            search_alg=session.searcher,
            scheduler=session.scheduler,
            num_samples=-1,
            max_concurrent_trials=environment.concurrency(resources),
            reuse_actors=in_process,
            trial_name_creator=lambda trial: str(trial.config["arm"]),
            trial_dirname_creator=lambda trial: str(trial.config["arm"]),
        ),
        run_config=tune.RunConfig(
            name=f"tune-{time.time_ns()}",
            storage_path=str(scratch.resolve()),
            verbose=0,
            stop=Ending(session.is_ending, session.spending.is_running),
            failure_config=tune.FailureConfig(max_failures=0),
            callbacks=[ReleaseWorkers(), tell, *filter(None, [session.turns])],
        ),
    )
    try:
        with survived():
            tuner.fit()
    except (tune.TuneError, RayError, ConnectionError) as error:
        raise ClusterError(
            f"Ray Tune gave up: {error}. What is recorded is kept; run the same command again."
        ) from error
    except OSError as error:
        raise ClusterError(
            f"Ray Tune cannot write below {scratch}: {error}. What is recorded is kept; make room, "
            "then run the same command again."
        ) from error
    shutil.rmtree(scratch, ignore_errors=True)
