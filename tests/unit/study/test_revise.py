"""Two studies of one name: what may change, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from frlib.core import safeio
from frlib.core.errors import ConfigError
from frlib.launch.study import opened, record_design
from frlib.study.revise import require_same
from tests.unit.study.recorded import little, planned, record


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"axes": {"head.margin": (0.1, 0.15, 0.2)}},
        {"replicates": {"seeds": (0, 1, 2)}},
        {"question": "another wording"},
        {"search": {"arms_per_cell": 5}},
        {"budget": {"hours": 1}},
        {"resources": {"concurrent_arms": 1}},
        {"space": {"optimiser.lr": {"kind": "uniform", "low": 0.01, "high": 0.2}}},
    ],
)
def test_require_when_a_study_grows_then_goes_on(tmp_path: Path, changes: dict[str, Any]) -> None:
    record_design(planned(tmp_path))
    require_same(planned(tmp_path, **changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"axes": {"head.margin": (0.1, 0.3)}}, r"1 of its 2 cells .*axes\.head\.margin without"),
        ({"axes": {"optimiser.lr": (0.1, 0.2)}}, r"axes head\.margin -> optimiser\.lr"),
        (
            {"base": little().base.model_copy(update={"epochs": 5})},
            r"2 of its 2 cells .*base\.epochs 2 -> 5",
        ),
        ({"selection": {"metric": "eer"}}, r"another number.*selection\.metric auc -> eer"),
    ],
)
def test_require_when_it_is_another_study_then_error_names_the_fields_and_ways_out(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    record_design(planned(tmp_path))
    with pytest.raises(ConfigError, match=told) as refused:
        require_same(planned(tmp_path, **changes))
    for way in ("--set name=", "--store", "--revise"):
        assert way in str(refused.value)


SEARCHED = {"optimiser.lr": {"kind": "uniform", "low": 0.01, "high": 0.2}}


def test_plan_when_a_field_is_searched_that_was_not_then_arms_on_record_are_arms_of_its_cells(
    tmp_path: Path,
) -> None:
    before = planned(tmp_path)
    record(before, before.cells[0].cell.default, {0: 0.5, 1: 0.6})
    after = planned(tmp_path, space=SEARCHED, search={"arms_per_cell": 3})
    (digest,) = after.cells[0].entries
    assert digest == after.cells[0].cell.default.digest and not after.strays
    assert after.cells[0].cell.digest != before.cells[0].cell.digest
    assert after.runs_done == 2
    require_same(after)
    record_design(after)
    again = planned(tmp_path, space=SEARCHED, search={"arms_per_cell": 3})
    (entry,) = again.cells[0].entries.values()
    assert entry.arm["cell_digest"] == after.cells[0].cell.digest
    assert entry.arm["params"] == {"optimiser.lr": before.study.base.optimiser.lr}


def test_plan_when_a_field_is_searched_no_more_then_arms_that_had_another_value_are_strays(
    tmp_path: Path,
) -> None:
    searched = planned(tmp_path, space=SEARCHED, search={"arms_per_cell": 3})
    cell = searched.cells[0].cell
    record(searched, cell.default, {0: 0.5, 1: 0.6})
    record(searched, cell.arm({"optimiser.lr": 0.05}), {0: 0.5, 1: 0.6})
    after = planned(tmp_path)
    assert len(after.cells[0].entries) == len(after.strays) == 1
    with pytest.raises(ConfigError, match="1 of its 2 cells"):
        require_same(after)


def test_require_when_only_the_data_changed_then_says_that(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    record_design(plan)
    path = plan.folder / "study.json"
    study = safeio.read_json(path)
    study["cells"] = [{"digest": "gone", "shown": []}]
    safeio.write_json(path, study)
    with pytest.raises(ConfigError, match="no field, so the content of its data"):
        require_same(plan)


def test_opened_when_refused_then_the_design_on_record_stays_unless_revised(
    tmp_path: Path,
) -> None:
    record_design(planned(tmp_path))
    other = planned(tmp_path, axes={"optimiser.lr": (0.1,)})
    path = other.folder / "study.json"
    with pytest.raises(ConfigError), opened(other):
        pass
    assert "head.margin" in safeio.read_json(path)["axes"]
    with opened(other, revise=True):
        pass
    assert "optimiser.lr" in safeio.read_json(path)["axes"]
