"""Why arms were left out is told by status, table and mirror alike, until the study goes on."""

from pathlib import Path

import pytest

from analysis import build
from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.records import halted, read
from frlib.study.status import status
from frlib.track import wanted
from tests.unit.study.recorded import planned, record

SPENT = {"hours": 2.0, "cpu_hours": 5.02, "gpu_hours": 0.0, "runs": 3.0}
WORDS = "budget.cpu_hours=5 is spent (5.02 CPU h, 0 GPU h): 1 arm not begun, 2 to go on"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a study with an arm on record."""
    plan = planned(tmp_path)
    record(plan, plan.cells[0].cell.default, {0: 0.7, 1: 0.9})
    return plan.folder


def _write(folder: Path) -> None:
    halted.write(
        folder,
        reason="budget.cpu_hours=5 is spent",
        spent=SPENT,
        not_begun={"c1": 1, "c2": 0},
        to_go_on=["a1", "a2"],
    )


def test_halted_when_a_budget_is_spent_then_status_table_and_mirror_say_so(folder: Path) -> None:
    before = build.from_records(read.load(folder), "study").caption
    _write(folder)
    found = status(folder).halted
    assert found is not None and str(found) == WORDS
    assert found.not_begun == {"c1": 1} and found.to_go_on == ["a1", "a2"]
    records = read.load(folder)
    caption = build.from_records(records, "study").caption
    assert caption == f"{before} Not all of it has run: {WORDS}."
    assert next(wanted.runs(records, ended=True)).tags["frlib.halted"] == WORDS


def test_halted_when_the_study_goes_on_then_nobody_says_so_any_more(folder: Path) -> None:
    _write(folder)
    halted.clear(folder)
    halted.clear(folder)
    assert status(folder).halted is None
    assert next(wanted.runs(read.load(folder), ended=True)).tags["frlib.halted"] == ""


def test_read_when_the_file_is_of_another_kind_then_error_names_it(folder: Path) -> None:
    safeio.write_json(folder / halted.NAME, {"why": "?"})
    with pytest.raises(RecordError, match=r"halted\.json.*remove it"):
        halted.read(folder)
