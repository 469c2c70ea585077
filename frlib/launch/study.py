"""Run a study from its plan to its records: data first, then trials, with the mirror alongside."""

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from frlib.core import published, safeio
from frlib.core.config import canonical
from frlib.core.errors import ClusterError, ConfigError, DataError, StoppedError, StoreError
from frlib.core.published import Claim
from frlib.data import catalog
from frlib.data.config import NoiseConfig
from frlib.data.loading.choose import open_for
from frlib.data.prepare import prepare
from frlib.rayrun import tuner
from frlib.records import declare, layout
from frlib.records.heal import heal
from frlib.remote.following import following
from frlib.study import needs
from frlib.study.driver import Driving
from frlib.study.plan import Plan, make
from frlib.study.revise import require_same
from frlib.study.warm import adopt
from frlib.study.watch import Watcher

_LOOK_S = 1.0
_log = logging.getLogger(__name__)


def record_design(plan: Plan) -> None:
    """Write `study.json`: the study's value, and the cells that its table is made of.

    Arms on record that have come into other cells, since the design has changed, are told so.
    """
    cells = [{"shown": list(p.cell.shown.items()), "digest": p.cell.digest} for p in plan.cells]
    for one in plan.cells:
        for entry in one.entries.values():
            declare.write_arm(plan.folder, entry.arm)
    declare.write_study(plan.folder, plan.study.to_json() | {"cells": cells})


def check_store(store: Path) -> None:
    """`ConfigError` when the store cannot be written, before anything is started."""
    try:
        store.mkdir(parents=True, exist_ok=True)
        probe = store / ".writable"
        safeio.write_text(probe, "")
        probe.unlink()
    except OSError as error:
        raise ConfigError(
            f"--store {store}: cannot be written ({error.strerror}). Choose another folder with "
            "--store or FRLIB_STORE."
        ) from error


def warm(plan: Plan) -> None:
    """Split and decode every data set of the study once: trials find it, and faults show now.

    The sets of one run are held together, so that what does not fit into `data.cache_gib` beside
    the others is left for decoding on the fly, as it will be in the run. `DataError` for damaged
    data, and where nobody is held out to select on.
    """
    runs = [p.cell.config for p in plan.cells]
    own = {canonical(run.data): run.data for run in runs}
    staged = {canonical(v.data): v.data for run in runs for v in run.stage_views().values()}
    seed = plan.study.replicates.seeds[0]
    for data in own.values():
        if prepare(data, NoiseConfig(), seed, plan.store).selection is None:
            raise DataError(
                "nobody is held out to select on; set base.data.holdout.fraction above 0, or "
                "base.data.min_images so that small identities are held out"
            )
    for data in (own | staged).values():
        sources = [data.train, data.outliers, *(b.images for b in data.benchmarks)]
        with ExitStack() as opened:
            for source in filter(None, sources):
                whole = catalog.scan(source, plan.store)
                opened.enter_context(open_for(data, whole, plan.store, 1))


def mended(store: Path, study: str) -> None:
    """Set aside what is half-written of a study that no process runs (`frlib.records.heal`)."""
    folder = layout.study_folder(store, study)
    published.bring(folder, heavy=False)
    if not folder.is_dir():
        return
    lock = FileLock(folder / layout.RUN_LOCK, timeout=0)
    try:
        with lock:
            claim = published.take(folder, "mend")
            if claim is not None:
                try:
                    heal(folder)
                finally:
                    claim.release()
    except Timeout:
        return


@contextmanager
def opened(plan: Plan, *, revise: bool = False) -> Iterator[Driving]:
    """Hold the study and write its design down; yields what tells others about this process.

    `ClusterError` when another process is running it from this store, `ConfigError` when the store
    has another study of this name, unless that is to be revised.
    """
    check_store(plan.store)
    needs.check(plan.study)
    if not revise:
        require_same(plan)
    plan.folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(plan.folder / layout.RUN_LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise _run_elsewhere(plan, "another process") from None
    try:
        claim = _claimed(plan)
        try:
            with published.sent(plan.folder):
                record_design(plan)
                with (
                    _swept(plan.folder),
                    Driving(plan.folder, lambda: not claim.is_held) as driving,
                    following(plan.folder),
                ):
                    yield driving
        except StoppedError as error:
            if claim.is_held:
                raise
            raise _run_elsewhere(plan, "another process, which took this one for dead,") from error
        finally:
            claim.release()
    finally:
        lock.release()


@contextmanager
def _swept(folder: Path) -> Iterator[None]:
    """Without checkpoints that came late; where the store is away, the next call removes them."""
    try:
        yield
    finally:
        with suppress(StoreError):
            published.sweep(folder)


def _claimed(plan: Plan) -> Claim:
    """The study, over all machines that see its store; waits where its last driver may be dead."""
    is_told = False
    while (claim := published.take(plan.folder, "run")) is None:
        whom, is_alive = published.holder(plan.folder)
        if is_alive:
            raise _run_elsewhere(plan, whom)
        if whom and not is_told:
            _log.warning("%s was run by %s; waiting to see whether it lives", plan.study.name, whom)
            is_told = True
        time.sleep(_LOOK_S)
    return claim


def _run_elsewhere(plan: Plan, whom: str) -> ClusterError:
    return ClusterError(
        f"{plan.study.name} is being run by {whom} from this store; wait for it to "
        f"end, or stop it (frlib study stop {plan.study.name}), and run this again"
    )


def run(plan: Plan, watcher: Watcher, address: str = "", replay: Path | None = None) -> Plan:
    """Run what is missing of an opened study; returns the plan as it stands afterwards.

    replay: another store with the study, whose arms are proposed again in their order, and no
    others. Searches of its contest are played then. `StoppedError` when it was asked to stop.
    """
    if plan.study.search.warm_start and adopt(plan):
        plan = make(plan.study, plan.store)
    if plan.runs_left:
        warm(plan)
        tuner.run(plan, watcher, address, replay)
    after = make(plan.study, plan.store)
    if plan.study.contest is not None:
        from frlib.launch import contest

        contest.run(after, watcher)
    return after
