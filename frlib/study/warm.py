"""What earlier studies know of a study's cells: arms to take over, and points to try first.

An arm of an earlier study belongs to the cell with its values on the axes. If it is an arm of that
cell, the same configuration on the same data, its records are taken over. If not (another length,
another backbone, other data), the values of its searched fields are still worth a try.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from frlib.core.space import Point, keyed
from frlib.records import adopt as copying
from frlib.records import layout, ledger
from frlib.study.arms import Arm
from frlib.study.locate import Cells
from frlib.study.plan import Plan


@dataclass(frozen=True)
class _Earlier:
    """A complete arm of an earlier study, seen from a cell here."""

    study: str
    digest: str
    arm: Arm
    value: float

    @property
    def is_same(self) -> bool:
        """Whether it is an arm of this study, and no more than like one."""
        return self.arm.digest == self.digest


def adopt(plan: Plan) -> int:
    """Take over the arms of `search.warm_start` that are arms here; how many there were.

    `RecordError` names an earlier study that is not in the store.
    """
    count = 0
    for one in _earlier(plan):
        if one.is_same:
            source = layout.arm_folder(layout.study_folder(plan.store, one.study), one.digest)
            told = one.arm.to_json() | {"adopted": one.study}
            count += copying.adopt(source, plan.folder, told)
    return count


def points(plan: Plan) -> dict[str, list[Point]]:
    """Cell -> the best points of each earlier study, best first; of arms taken over, none."""
    by_study: dict[tuple[str, str], list[_Earlier]] = defaultdict(list)
    for one in _earlier(plan):
        if not one.is_same:
            by_study[one.arm.cell.digest, one.study].append(one)
    sign = -1.0 if plan.study.selection.mode == "max" else 1.0
    found: dict[str, list[Point]] = defaultdict(list)
    for (cell, _), arms in by_study.items():
        best = sorted(arms, key=lambda one: (sign * one.value, one.digest))
        found[cell] += [one.arm.params for one in best[: plan.study.search.warm_points]]
    return found


def _earlier(plan: Plan) -> Iterator[_Earlier]:
    study = plan.study
    here = Cells(study, [one.cell for one in plan.cells if one.cell.space])
    for name in study.search.warm_start:
        for entry in ledger.entries(layout.find_study(plan.store, name)):
            verdict = entry.verdict or {}
            value = verdict.get("value")
            if verdict.get("status") != "complete" or value is None:
                continue
            arm = here.nearest(entry.arm["config"])
            if arm is None or verdict.get("metric") != study.selection.name:
                continue
            if keyed(arm.cell.space, arm.params) is not None:
                yield _Earlier(name, entry.arm["arm"], arm, float(value))
