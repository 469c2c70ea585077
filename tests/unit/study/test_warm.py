"""What is taken over from earlier studies of the same store."""

from pathlib import Path

import pytest

from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.core.space import Uniform
from frlib.records import declare, layout, ledger
from frlib.study import warm
from frlib.study.arms import Arm, cells
from frlib.study.plan import CellPlan, Plan
from frlib.study.schema import Study
from frlib.study.search import Search
from tests.unit.study.designs import digests, small

SPACE = {"head.margin": Uniform(low=0.1, high=0.5)}
WARM = Search(arms_per_cell=4, sampler="random", warm_start=("earlier",), warm_points=2)


def _plan(study: Study, store: Path) -> Plan:
    known = {e.arm["arm"]: e for e in ledger.entries(layout.study_folder(store, study.name))}
    found = []
    for cell in cells(study, digests):
        mine = {d: e for d, e in known.items() if e.arm["cell_digest"] == cell.digest}
        found.append(CellPlan(cell, mine))
    return Plan(study, store, tuple(found))


def _record(store: Path, study: Study, margins: dict[float, float], metric: str) -> list[Arm]:
    """Complete arms of the first cell, with these values of the selection metric."""
    folder = layout.study_folder(store, study.name)
    declare.write_study(folder, study.to_json())
    cell = next(cells(study, digests))
    arms = [cell.arm({"head.margin": margin}) for margin in margins]
    for arm, value in zip(arms, margins.values(), strict=True):
        declare.write_arm(folder, arm.to_json())
        verdict = {"status": "complete", "metric": metric, "value": value, "step": 12}
        declare.write_verdict(folder, arm.digest, verdict)
        safeio.write_text(layout.arm_folder(folder, arm.digest) / "r0" / "model.safetensors", "x")
    return arms


VALUES = {0.2: 0.7, 0.25: 0.9, 0.3: 0.8, 0.35: 0.6}


def test_adopt_when_arms_are_the_same_then_their_records_are_here_and_none_is_tried_again(
    tmp_path: Path,
) -> None:
    arms = _record(tmp_path, small(name="earlier", space=SPACE), VALUES, "selection/auc")
    plan = _plan(small(space=SPACE, search=WARM), tmp_path)
    assert warm.adopt(plan) == 4
    again = _plan(plan.study, tmp_path)
    assert set(again.cells[0].entries) == {arm.digest for arm in arms}
    folder = layout.arm_folder(plan.folder, arms[0].digest)
    assert safeio.read_json(folder / "arm.json")["adopted"] == "earlier"
    assert (folder / "r0" / "model.safetensors").is_file()
    assert warm.adopt(plan) == 0 and not warm.points(plan)
    assert not list(plan.folder.glob(".adopted"))


def test_points_when_runs_were_of_another_length_then_the_best_are_tried_first(
    tmp_path: Path,
) -> None:
    base = small().base.model_copy(update={"epochs": 2})
    earlier = small(name="earlier", space=SPACE, base=base, pruning="none")
    _record(tmp_path, earlier, VALUES | {0.45: 0.95}, "selection/auc")
    narrow = {"head.margin": Uniform(low=0.1, high=0.4)}
    plan = _plan(small(space=narrow, search=WARM), tmp_path)
    assert warm.adopt(plan) == 0
    found = warm.points(plan)
    assert found == {plan.cells[0].cell.digest: [{"head.margin": 0.25}, {"head.margin": 0.3}]}


def test_points_when_the_earlier_metric_was_another_then_there_are_none(tmp_path: Path) -> None:
    base = small().base.model_copy(update={"epochs": 2})
    earlier = small(name="earlier", space=SPACE, base=base, pruning="none")
    _record(tmp_path, earlier, VALUES, "selection/eer")
    assert not warm.points(_plan(small(space=SPACE, search=WARM), tmp_path))


def test_warm_start_when_there_is_no_such_study_then_says_which_there_are(tmp_path: Path) -> None:
    _record(tmp_path, small(name="earliest", space=SPACE), VALUES, "selection/auc")
    with pytest.raises(RecordError, match="did you mean 'earliest'"):
        warm.adopt(_plan(small(space=SPACE, search=WARM), tmp_path))
