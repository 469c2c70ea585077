"""Half-written records are set aside, whole ones and those of ended runs are not."""

import json
from pathlib import Path

import pytest

from frlib.records import layout, ledger
from frlib.records.heal import heal
from frlib.records.write import RunWriter
from frlib.study.plan import make
from tests.unit.study.recorded import little, planned, record


def _half(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """An arm with one replicate complete and one under way, both with numbers."""
    plan = planned(tmp_path)
    arm = plan.cells[0].cell.default
    record(plan, arm, {0: 0.5}, verdict="")
    writer = RunWriter(plan.folder, study=plan.study.name, arm=arm.digest, seed=1)
    writer.log({"train/loss": 1.0}, epoch=1, step=1)
    writer.flush()
    return plan.folder


def _attempt(study: Path, seed: int) -> Path:
    (arm,) = layout.arm_folders(study)
    return arm / f"r{seed}" / "a0"


def test_heal_when_all_is_whole_then_touches_nothing(study: Path) -> None:
    before = sorted(study.rglob("*"))
    assert heal(study) == [] and sorted(study.rglob("*")) == before


@pytest.mark.parametrize("name", ["run.json", "metrics-00000.parquet"])
def test_heal_when_an_unfinished_attempt_is_damaged_then_it_is_set_aside_and_the_next_follows_it(
    study: Path, name: str
) -> None:
    attempt = _attempt(study, 1)
    _half(attempt / name)
    assert heal(study) == [attempt]
    assert (attempt.parent / "damaged-a0" / name).is_file()
    assert layout.next_attempt(study, attempt.parents[1].name, 1) == 1
    (entry,) = ledger.entries(study)
    assert entry.complete_seeds == (0,) and entry.open_seeds == ()
    assert heal(study) == []


def test_heal_when_a_run_has_ended_then_is_left_for_the_reader_to_name(study: Path) -> None:
    part = _half(_attempt(study, 0) / "metrics-00000.parquet")
    assert heal(study) == [] and part.is_file()


@pytest.mark.parametrize("name", ["arm.json", "verdict.json"])
def test_heal_when_an_arm_is_described_by_half_a_file_then_it_is_written_anew(
    tmp_path: Path, name: str
) -> None:
    plan = planned(tmp_path)
    arm = plan.cells[0].cell.default
    record(plan, arm, {0: 0.5, 1: 0.6})
    path = _half(layout.arm_folder(plan.folder, arm.digest) / name)
    assert heal(plan.folder) == [path] and not path.exists()
    again = make(little(), tmp_path)
    found = again.cells[0].entries.get(arm.digest)
    assert (found is None) == (name == "arm.json")
    assert found is None or found.status((0, 1)) == "unfinished"


def test_heal_when_records_are_of_a_newer_schema_then_they_are_not_taken_for_damaged(
    study: Path,
) -> None:
    run = _attempt(study, 1) / "run.json"
    run.write_text(json.dumps(json.loads(run.read_text()) | {"schema": 99}))
    assert heal(study) == []
