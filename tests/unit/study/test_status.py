"""How a study stands, from its records alone."""

import os
import time
from pathlib import Path

import pytest

from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.records import layout
from frlib.study.best import best
from frlib.study.status import status
from tests.unit.study.recorded import planned, record


def test_status_when_arms_are_in_every_state_then_counts_them_by_cell(tmp_path: Path) -> None:
    plan = planned(tmp_path, axes={"head.margin": (0.1, 0.2, 0.3, 0.4)})
    one, two, three, four = (cell.cell.default for cell in plan.cells)
    record(plan, one, {0: 0.7, 1: 0.9})
    record(plan, two, {0: 0.6}, verdict="stopped", message="ranked 2 of 2")
    record(plan, three, {}, verdict="failed", message="NaN")
    record(plan, four, {0: 0.5}, verdict="", running=(1,))
    found = status(plan.folder)
    assert found.runs == 4 and found.driver is None
    states = [[s for s, arms in cell.arms.items() if arms] for cell in found.cells]
    assert states == [["complete"], ["stopped"], ["failed"], ["unfinished"]]
    assert [cell.reasons for cell in found.cells] == [[], ["ranked 2 of 2"], ["NaN"], []]
    first = found.cells[0].best
    assert first is not None and first.arm == one.digest
    assert (first.interval.value, first.interval.n) == (pytest.approx(0.8), 2)
    # t of one degree of freedom is 12.706; the deviation of 0.7 and 0.9 is 0.1414
    assert first.interval.half_width == pytest.approx(12.706 * 0.1, rel=1e-4)
    assert found.cells[2].best is None


def test_status_when_a_driver_is_alive_then_begun_arms_run(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    record(plan, plan.cells[0].cell.default, {0: 0.5}, verdict="", running=(1,))
    told = {"host": os.uname().nodename, "pid": os.getpid(), "started": 1.0}
    more = {"beat": time.time(), "left_s": 60.0, "stopping": False}
    safeio.write_json(plan.folder / "driver.json", told | more)
    found = status(plan.folder)
    assert (found.count("running"), found.count("unfinished")) == (1, 0)
    assert found.driver is not None and found.driver.left_s == 60.0


def test_status_when_more_seeds_are_wanted_than_recorded_then_the_arm_is_unfinished(
    tmp_path: Path,
) -> None:
    plan = planned(tmp_path)
    record(plan, plan.cells[0].cell.default, {0: 0.5, 1: 0.5})
    wider = planned(tmp_path, replicates={"seeds": (0, 1, 2)})
    record(wider, wider.cells[1].cell.default, {0: 0.5, 1: 0.5, 2: 0.5})
    found = status(plan.folder)
    assert [cell.arms["unfinished"] != [] for cell in found.cells] == [True, False]


def test_status_when_a_run_is_of_a_newer_schema_then_error_names_the_file(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    arm = plan.cells[0].cell.default
    record(plan, arm, {0: 0.5})
    path = layout.attempt_folder(plan.folder, arm.digest, 0, 0) / "run.json"
    safeio.write_json(path, safeio.read_json(path) | {"schema": 99})
    with pytest.raises(RecordError, match=r"run\.json: written with record schema 99"):
        status(plan.folder)


def test_best_when_less_is_better_then_is_the_lowest_mean() -> None:
    values = {"a": {0: 0.3, 1: 0.5}, "b": {0: 0.35}, "c": {}, "d": {0: float("nan")}}
    low, high = best(values, "min"), best(values, "max")
    assert low is not None and high is not None
    assert (low.arm, high.arm) == ("b", "a")
    assert str(low) == "0.3500 (n = 1)"
    assert best({"c": {}}, "max") is None
