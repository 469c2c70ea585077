"""Points that cells try before any is suggested: of a search that is replayed, or a warm start."""

from collections.abc import Callable, Sequence

from frlib.core.space import Point
from frlib.rayrun import known
from frlib.study.arms import Cell
from frlib.study.plan import Plan
from frlib.study.warm import points as earlier


def points(plan: Plan, replay: Plan | None) -> Callable[[Cell], Sequence[Point]]:
    """By cell. replay: the plan whose arms on record are played back, in their order."""
    if replay is not None:
        by_cell = {one.cell.digest: one for one in replay.cells}

        def played(cell: Cell) -> list[Point]:
            found = by_cell.get(cell.digest)
            return [] if found is None else [one.arm.params for one in known.of(replay, found)]

        return played
    warm = earlier(plan) if plan.study.search.warm_start else {}
    return lambda cell: warm.get(cell.digest, ())
