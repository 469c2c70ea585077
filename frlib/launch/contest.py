"""Play the searches of a study's contest in its records, once every point of the grid is there."""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import asdict

import pyarrow as pa

from frlib.core.errors import StoppedError
from frlib.rayrun import tried
from frlib.rayrun.contest import Played, Step, play
from frlib.records import contests
from frlib.study.arms import Cell
from frlib.study.plan import CellPlan, Plan
from frlib.study.watch import Watcher

log = logging.getLogger(__name__)
_QUIET_S = 10.0


def run(plan: Plan, watcher: Watcher) -> None:
    """Play what is new or has changed, cell by cell; what is played and still holds is kept.

    A cell whose grid is not, or no more, all on record is left out, with a warning. `StoppedError`
    when it was asked to stop.
    """
    study = plan.study
    assert study.contest is not None, "only studies with a contest are played"
    searched = [one for one in plan.cells if one.cell.space]
    whole = [one for one in searched if _is_whole(plan, one)]
    found = contests.read(plan.folder)
    known = found.only({one.cell.digest for one in whole})
    if len(known.grids) < len(found.grids):
        contests.write(plan.folder, known)
    for number, one in enumerate(whole, start=1):
        known = _with(known, plan, one, watcher, f"cell {number} of {len(whole)}")


def _is_whole(plan: Plan, one: CellPlan) -> bool:
    lacking = tried.lacking(plan, one)
    if lacking:
        log.warning(
            "%s: %d arms of its grid are not on record, so no search is played in it",
            dict(one.cell.shown),
            lacking,
        )
    return not lacking


def _with(
    known: contests.Contests, plan: Plan, one: CellPlan, watcher: Watcher, name: str
) -> contests.Contests:
    digest, grid = one.cell.digest, tried.grid(plan, one)
    source = tried.source(plan, one.cell, grid)
    if digest in known.grids and known.grids[digest].source == source:
        return known
    rows = _searches(plan, one.cell, grid, watcher, name)
    seconds = {played.arm.digest: played.seconds for played in grid}
    default = one.cell.default.digest
    held = contests.Grid(source, tuple(seconds), default, sum(seconds.values()), seconds[default])
    found = known.put(digest, held, rows)
    contests.write(plan.folder, found)
    return found


def _searches(
    plan: Plan, cell: Cell, grid: Sequence[Played], watcher: Watcher, name: str
) -> pa.Table:
    contest = plan.study.contest
    assert contest is not None
    began = spoke = time.monotonic()
    total, done = len(contest.strategies) * contest.repeats, 0
    rows = []
    for strategy in contest.strategies:
        for repeat in range(contest.repeats):
            if watcher.stopping():
                raise StoppedError(
                    f"{plan.study.name} was asked to stop while searches were played in {name}; "
                    "run the same command again to go on"
                )
            steps = play(plan.study, cell, grid, strategy, repeat=repeat, slots=contest.slots)
            rows += [_row(cell, strategy.label, repeat, step) for step in steps]
            done, now = done + 1, time.monotonic()
            if now - spoke > _QUIET_S:
                spoke, left = now, (now - began) / done * (total - done)
                log.info("%s: %d of %d searches, about %.0f s left", name, done, total, left)
    log.info("%s: %d searches in %.0f s", name, total, time.monotonic() - began)
    return pa.Table.from_pylist(rows, schema=contests.SCHEMA)


def _row(cell: Cell, strategy: str, repeat: int, step: Step) -> dict[str, object]:
    value = step.value if math.isfinite(step.value) else None
    return {
        "cell": cell.digest,
        "strategy": strategy,
        "repeat": repeat,
        **asdict(step),
        "value": value,
    }
