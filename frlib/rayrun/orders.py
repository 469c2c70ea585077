"""What trials are told, and the arms written down before they are: a crash cannot lose one."""

from collections.abc import Callable, Mapping
from typing import Any

from frlib.core import discover, published
from frlib.core.config import canonical, to_dict
from frlib.core.space import Scalar
from frlib.pruning import Child
from frlib.records import declare
from frlib.study.arms import Arm, Cell
from frlib.study.plan import Plan


class Orders:
    """Writes `arm.json` with the number of the proposal and how many ends of arms it followed.

    Played back in this order (`frlib study run --replay`), a search makes the same arms again.
    """

    def __init__(self, plan: Plan, told: Callable[[Cell], int], count: int) -> None:
        self._plan, self._told, self._count = plan, told, count

    def trial(self, arm: Arm) -> dict[str, Any]:
        """The config of a trial; the arm is on record."""
        study = self._plan.study
        self.write(arm)
        return {
            "study": study.name,
            "arm": arm.digest,
            "cell": arm.cell.digest,
            "shown": dict(arm.cell.shown),
            "default": arm.is_default,
            "params": {path: v for path, v in arm.params.items() if path != "course"},
            "config": to_dict(arm.config),
            "datasets": dict(arm.cell.datasets),
            "seeds": list(study.replicates.seeds),
            "metric": study.selection.name,
            "objectives": [name for name, _ in study.selection.others],
            "inherits": inherited(arm),
            "keep_at": self._keep_at(arm),
            "store": published.address(self._plan.store),
            "resources": to_dict(study.resources),
        }

    def _keep_at(self, arm: Arm) -> list[int]:
        """Epochs of the first replicate at which a child may go on from this arm."""
        rule = self._plan.study.pruning
        module = discover.load("frlib.pruning", rule.name)
        bears = getattr(module, "BEARS", False)
        return list(module.measured_at(rule, arm.config.epochs)) if bears else []

    def write(self, arm: Arm, parent: str = "") -> None:
        """Write an arm down, unless it is on record."""
        proposal = {"order": self._count, "seen": self._told(arm.cell)}
        born = {"parent": parent} if parent else {}
        self._count += declare.write_arm(
            self._plan.folder, arm.to_json() | {"proposal": proposal} | born
        )


def inherited(arm: Arm) -> int:
    """Epochs that a child of a population has from its parent; 0 for other arms."""
    return arm.config.course[-1].epoch if "course" in arm.params else 0


def child_of(cell: Cell, parent: Mapping[str, Scalar], child: Child) -> Arm:
    """The arm that a population puts in a stopped one's place. parent: params of its parent."""
    own = dict(parent)
    course = list(_changes(cell, own))
    while course and course[-1]["epoch"] >= child.epoch:
        course.pop()
    course.append({"epoch": child.epoch, "settings": dict(child.changes)})
    return cell.arm(own | {"course": canonical(course)})


def _changes(cell: Cell, params: Mapping[str, Scalar]) -> list[dict[str, Any]]:
    found = cell.arm(params).config.course
    return [{"epoch": one.epoch, "settings": dict(one.settings)} for one in found]
