"""A plan through Ray Tune: one trial per arm, Optuna proposing, a rule stopping, records deciding.

A restart builds a new Tune experiment from the records: what has a verdict is not run again, an arm
without one continues from its checkpoints. Tune's own restore (which unpickles) is not used.
"""

import logging
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from frlib.core.errors import ClusterError, StoppedError
from frlib.rayrun import environment
from frlib.records import layout
from frlib.study.plan import Plan, make
from frlib.study.watch import Watcher

if TYPE_CHECKING:
    from frlib.rayrun.session import Session

log = logging.getLogger(__name__)


def run(plan: Plan, watcher: Watcher, address: str = "", replay: Path | None = None) -> None:
    """Run what a plan is missing, on a Ray cluster; returns when no more is to begin.

    replay: another store with this study; its arms are proposed in their order, and no others.
    `RecordError` if it has none, `StoppedError` when somebody asked the study to stop.
    """
    environment.connect(address)
    from frlib.rayrun.budget import Spending
    from frlib.rayrun.played import points
    from frlib.rayrun.session import Session
    from frlib.rayrun.verdicts import Verdicts

    study = plan.study
    played = None
    if replay is not None:
        layout.find_study(replay, study.name)
        played = make(study, replay)
    spending = Spending(plan, watcher.stopping)
    verdicts = Verdicts(plan.folder, study.selection.name, watcher)
    session = Session(plan, spending, verdicts, points(plan, played), replay is not None)
    if session.remaining:
        _tune(session, plan)
    if spending.reason:
        log.warning("%s: no further arm was begun: %s", study.name, spending.reason)
    if watcher.stopping():
        raise StoppedError(
            f"{study.name} was asked to stop: what is recorded is kept, arms that were running go "
            "on from their last epoch when the same command is run again"
        )


def _tune(session: "Session", plan: Plan) -> None:
    from ray import tune

    from frlib.rayrun.release import ReleaseWorkers
    from frlib.rayrun.trial import run_arm
    from frlib.rayrun.verdicts import Tell

    resources = plan.study.resources
    need = resources.workers * resources.cpus_per_worker
    room = environment.capacity(need, resources.workers * resources.gpus_per_worker)
    in_process = resources.most_workers == 1
    held = (
        {"cpu": resources.cpus_per_worker, "gpu": resources.gpus_per_worker}
        if in_process
        else environment.driver_resources()
    )
    scratch = plan.store / "ray" / plan.study.name
    tell = Tell(session.verdicts, session.spending, session.scheduler)
    tuner = tune.Tuner(
        tune.with_resources(run_arm, held),
        tune_config=tune.TuneConfig(
            search_alg=session.searcher,
            scheduler=session.scheduler,
            num_samples=-1,
            max_concurrent_trials=min(room, resources.concurrent_arms or room),
            reuse_actors=in_process,
            trial_name_creator=lambda trial: str(trial.config["arm"]),
            trial_dirname_creator=lambda trial: str(trial.config["arm"]),
        ),
        run_config=tune.RunConfig(
            name=f"tune-{time.time_ns()}",
            storage_path=str(scratch.resolve()),
            verbose=0,
            failure_config=tune.FailureConfig(max_failures=resources.max_failures),
            callbacks=[ReleaseWorkers(), tell],
        ),
    )
    try:
        tuner.fit()
    except tune.TuneError as error:
        raise ClusterError(
            f"Ray Tune gave up: {error}. What is recorded is kept; run the same command again."
        ) from error
    shutil.rmtree(scratch, ignore_errors=True)
