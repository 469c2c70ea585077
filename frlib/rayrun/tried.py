"""The full grid of a cell as its records have it, for searches that are played in it."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version

from frlib.core import discover
from frlib.core.config import digest, to_dict
from frlib.core.errors import ConfigError
from frlib.core.space import keyed
from frlib.rayrun import known
from frlib.rayrun.contest import Played, Replicate
from frlib.rayrun.known import Known
from frlib.records import layout, ledger, spent
from frlib.study.arms import Cell
from frlib.study.plan import CellPlan, Plan


def lacking(plan: Plan, cell: CellPlan) -> int:
    """Arms of the grid that are not on record, or not at their end."""
    over = {one.digest for one in known.of(plan, cell) if one.status in ("complete", "failed")}
    return len(_points(plan, cell.cell) - over)


def grid(plan: Plan, cell: CellPlan) -> tuple[Played, ...]:
    """Arms of the cell's space that are complete or failed, sorted by digest."""
    contest = plan.study.contest
    found = tuple(
        _played(plan, one)
        for one in sorted(known.of(plan, cell), key=lambda one: one.digest)
        if one.status in ("complete", "failed") and keyed(cell.cell.space, one.arm.params)
    )
    return levelled(found) if contest is not None and contest.levelled else found


def levelled(grid: Sequence[Played]) -> tuple[Played, ...]:
    """The same arms, where every epoch takes the mean of all."""
    epochs = sum(one.epochs for played in grid for one in played.replicates)
    mean = sum(played.seconds for played in grid) / epochs
    return tuple(
        replace(
            played,
            replicates=tuple(replace(one, seconds=one.epochs * mean) for one in played.replicates),
        )
        for played in grid
    )


def source(plan: Plan, cell: Cell, grid: Sequence[Played]) -> str:
    """Digest of all that decides what searches in a grid come to, Optuna's version included."""
    study = plan.study
    assert study.contest is not None
    played = {
        one.arm.digest: [
            one.status,
            [[str(r.course), r.epochs, r.seconds] for r in one.replicates],
        ]
        for one in grid
    }
    asked = [to_dict(study.contest), study.selection.name, list(study.replicates.seeds)]
    space = {path: to_dict(distribution) for path, distribution in cell.space.items()}
    return digest([asked, cell.digest, cell.default.digest, space, played, version("optuna")])


def _points(plan: Plan, cell: Cell) -> set[str]:
    sampler, seed = plan.study.search.sampler, plan.study.search.seed
    found = {cell.default.digest}
    for point in discover.load("frlib.samplers", sampler.name).points(sampler, cell.space, seed):
        try:
            found.add(cell.arm(point).digest)
        except ConfigError:
            continue
    return found


def _played(plan: Plan, one: Known) -> Played:
    folder, study = layout.arm_folder(plan.folder, one.digest), plan.study
    found = []
    for seed in study.replicates.seeds:
        if not (folder / f"r{seed}").is_dir():
            break
        course = ledger.replicate(folder, seed, study.selection.name)
        seconds = spent.of(folder / f"r{seed}").seconds
        found.append(
            Replicate(course=course, epochs=max(1, max(course, default=1)), seconds=seconds)
        )
    never = Replicate(course={}, epochs=1, seconds=0.0)
    return Played(arm=one.arm, status=one.status, replicates=tuple(found) or (never,))
