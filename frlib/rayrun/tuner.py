"""A plan through Ray Tune: one trial per arm, Optuna proposing, halving stopping, records deciding.

A restart builds a new Tune experiment from the records: what has a verdict is not run again, an arm
without one continues from its checkpoints. Tune's own restore (which unpickles) is not used.
"""

import shutil
import time
from typing import TYPE_CHECKING, Any

from frlib.core.config import to_dict
from frlib.core.errors import ClusterError
from frlib.rayrun import environment
from frlib.records import declare, layout, ledger
from frlib.study.arms import Arm
from frlib.study.plan import CellPlan, Plan
from frlib.study.watch import Watcher

if TYPE_CHECKING:
    from frlib.rayrun.proposals import Recorded


def run(plan: Plan, watcher: Watcher, address: str = "") -> None:
    """Run what a plan is missing, on a Ray cluster; returns when every arm has a verdict."""
    environment.connect(address)
    from ray import tune

    from frlib.rayrun.halving import Halving, rungs
    from frlib.rayrun.proposals import CellProposals, storage
    from frlib.rayrun.release import ReleaseWorkers
    from frlib.rayrun.search import ArmSearch
    from frlib.rayrun.trial import run_arm
    from frlib.rayrun.verdicts import WriteVerdicts

    study, resources = plan.study, plan.study.resources
    need = resources.workers * resources.cpus_per_worker
    room = environment.capacity(need, resources.workers * resources.gpus_per_worker)
    concurrent = min(room, resources.concurrent_arms or room)
    journal = storage(plan.folder / "optuna.journal")
    proposals = [
        CellProposals(p.cell, study.search, study.selection, _recorded(plan, p), journal)
        for p in plan.cells
    ]
    left = sum(p.remaining for p in proposals)
    if not left:
        return
    hours = study.budget.hours
    searcher = ArmSearch(
        proposals, lambda arm: _order(plan, arm), time.monotonic() + 3600 * hours if hours else None
    )
    scheduler = Halving(
        rungs(study.pruning, study.base.epochs, len(study.replicates.seeds)),
        study.pruning.keep_one_in,
        study.selection.mode,
    )
    for cell, open_ in zip(plan.cells, proposals, strict=True):
        for digest in cell.entries if open_.remaining else ():
            scheduler.enter(cell.cell.digest, digest, _course(plan, cell, digest))
    scratch = plan.store / "ray" / study.name
    in_process = resources.most_workers == 1
    held = (
        {"cpu": resources.cpus_per_worker, "gpu": resources.gpus_per_worker}
        if in_process
        else environment.driver_resources()
    )
    tuner = tune.Tuner(
        tune.with_resources(run_arm, held),
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=scheduler,
            num_samples=left,
            max_concurrent_trials=concurrent,
            reuse_actors=in_process,
            trial_name_creator=lambda trial: str(trial.config["arm"]),
            trial_dirname_creator=lambda trial: str(trial.config["arm"]),
        ),
        run_config=tune.RunConfig(
            name=f"tune-{time.time_ns()}",
            storage_path=str(scratch.resolve()),
            verbose=0,
            failure_config=tune.FailureConfig(max_failures=resources.max_failures),
            callbacks=[ReleaseWorkers(), WriteVerdicts(plan.folder, scheduler, watcher)],
        ),
    )
    try:
        tuner.fit()
    except tune.TuneError as error:
        raise ClusterError(
            f"Ray Tune gave up: {error}. What is recorded is kept; run the same command again."
        ) from error
    shutil.rmtree(scratch, ignore_errors=True)


def _recorded(plan: Plan, cell: CellPlan) -> list["Recorded"]:
    from frlib.rayrun.proposals import Recorded

    found = []
    for digest, entry in cell.entries.items():
        status = entry.status(plan.study.replicates.seeds)
        course = _course(plan, cell, digest) if cell.cell.space and status != "unfinished" else {}
        step = max(course, default=0)
        found.append(Recorded(cell.arm(digest), status, course.get(step), step))
    return found


def _course(plan: Plan, cell: CellPlan, digest: str) -> dict[int, float]:
    study, epochs = plan.study, cell.cell.config.epochs
    folder = layout.arm_folder(plan.folder, digest)
    return ledger.course(folder, study.selection.name, study.replicates.seeds, epochs)


def _order(plan: Plan, arm: Arm) -> dict[str, Any]:
    """What a trial is told; the arm is written down first, so that a crash cannot lose it."""
    declare.write_arm(plan.folder, arm.to_json())
    study = plan.study
    return {
        "study": study.name,
        "arm": arm.digest,
        "cell": arm.cell.digest,
        "shown": dict(arm.cell.shown),
        "default": arm.is_default,
        "config": to_dict(arm.config),
        "seeds": list(study.replicates.seeds),
        "metric": study.selection.name,
        "store": str(plan.store.resolve()),
        "resources": to_dict(study.resources),
    }
