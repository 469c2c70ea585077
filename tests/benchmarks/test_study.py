"""The benchmark of the study engine: that it compares, counts all processes, and reports sanely.

Nothing is asserted about speed.
"""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from frlib.bench import cpu, study, study_case, study_scale, study_trials
from frlib.bench.study_direct import Order, in_turn
from frlib.cli import bench_study_page
from frlib.core.config import to_dict
from frlib.core.errors import BenchmarkError, ClusterError
from tests.benchmarks.run import run


def _silent(text: str) -> None:
    assert text


def test_study_when_small_then_plan_and_resume_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bench", "study", "--small", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["trials"] == "left out of a small run"
    assert found["plan"]["arms"] == 100
    (resumed,) = found["resumes"]
    assert resumed["runs"] == 20
    assert 0 < resumed["least_ms"] <= resumed["proposal_ms"] <= resumed["most_ms"]
    for spent in (found["plan"]["plan"], resumed["new"], resumed["usual"]):
        assert spent["cpu_s"] > 0 and spent["wall_s"] > 0


@pytest.mark.ray
@pytest.mark.slow
def test_trials_when_measured_then_runs_are_equal_and_every_part_has_a_time() -> None:
    found = study_trials.measured(3, 1, 1, say=_silent)
    assert found.start_s > 0 and found.trial_s > 0 and found.run_s > 0
    assert found.fresh_beside_s == pytest.approx(found.fresh_s - found.run_s)
    assert found.beside_s == pytest.approx(found.trial_s - found.run_s)


def test_trials_when_there_is_no_cluster_then_the_report_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ClusterError("Ray on this machine: no room")

    monkeypatch.setattr(study_trials, "measured", fail)
    report = study.run(replace(study.SMALL, trials=5), say=_silent)
    assert report.trials == "Ray on this machine: no room"


def test_trials_when_fewer_than_the_warm_ones_then_an_error_says_how_many(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bench", "study", "--trials", "4") != 0
    assert "--trials 4: the first 4 are not timed" in capsys.readouterr().err


def test_same_when_a_number_differs_then_error_names_arm_and_metric() -> None:
    wanted = {"a": dict.fromkeys(("train/loss", study_case.METRIC, study_case.REPORT), 0.5)}
    study_trials._same(wanted, wanted, "here")
    found = {"a": wanted["a"] | {"train/loss": 0.5000001}}
    with pytest.raises(BenchmarkError, match=r"arm a: train/loss is 0\.5 .* 0\.5000001 .* \(here"):
        study_trials._same(found, wanted, "here")


def test_marks_when_an_arm_does_not_complete_then_error_and_no_time() -> None:
    marks = study_trials.Marks()
    with pytest.raises(BenchmarkError, match="arm a ended as failed"):
        marks.ended("a", {}, "failed", "NumericsError: no", 0.0)
    assert not marks.at


def test_direct_when_run_in_turn_then_the_first_are_not_timed(tmp_path: Path) -> None:
    plan = study_case.planned(study_case.trials(2), tmp_path / "store")
    arm = plan.cells[0].cell.default
    order = Order(
        config=to_dict(arm.config), arm=arm.digest, store=plan.store, records=tmp_path / "records"
    )
    other = replace(order, records=tmp_path / "others")
    found = in_turn([order, other], 1)
    assert len(found.seconds) == 1
    assert set(found.finals[arm.digest]) >= {"train/loss", study_case.METRIC, study_case.REPORT}


def test_tree_when_a_child_has_ended_then_its_time_still_counts() -> None:
    before = cpu.tree_s()
    work = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", work], check=True)
    assert cpu.tree_s() - before >= 0.25


def test_tree_when_a_child_runs_then_it_counts_with_its_own_children() -> None:
    work = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    outer = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {work!r}])"
    before = cpu.tree_s()
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", outer], stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None and child.stdin is not None
        child.stdout.readline()
        assert cpu.tree_s() - before >= 0.25
        child.stdin.write(b"\n")
        child.stdin.close()


def test_tree_when_the_system_does_not_tell_then_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu, "_PROC", tmp_path)
    with pytest.raises(BenchmarkError, match="measured on Linux"):
        cpu.tree_s()


@pytest.mark.parametrize("arms", [1, 10, 100])
def test_cells_when_asked_for_so_many_arms_then_there_are_that_many_or_a_few_more(
    arms: int, tmp_path: Path
) -> None:
    plan = study_case.planned(study_case.cells(arms), tmp_path)
    assert arms <= len({one.cell.digest for one in plan.cells}) == plan.arms < arms + 11


def test_resume_when_records_are_missing_then_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest: Any = study_case.recorded
    monkeypatch.setattr(study_case, "recorded", lambda plan, count: honest(plan, count - 1))
    with pytest.raises(BenchmarkError, match="3 runs were found on record, 4 had been put there"):
        study_scale._resume(4)


@pytest.mark.parametrize("columns", [80, 100])
def test_page_when_the_terminal_is_narrow_then_no_value_is_cut_off(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spent = study_scale.Spent(cpu_s=1234.5, wall_s=2345.67)
    resumed = study_scale.ResumeResult(
        runs=10_000, new=spent, usual=spent, proposal_ms=101.0, least_ms=99.0, most_ms=1203.0
    )
    trials = study_trials.TrialsResult(
        arms=24, warm=4, fresh=5, start_s=15.8, trial_s=0.27, run_s=0.15, fresh_s=6.4,
        beside_s=0.12, fresh_beside_s=6.25, times=52.1,
    )  # fmt: skip
    plan = study_scale.PlanResult(arms=10_000, plan=spent)
    monkeypatch.setattr(bench_study_page.console, "_width", columns)
    bench_study_page.report(study.StudyReport(trials=trials, plan=plan, resumes=(resumed,)))
    page = capsys.readouterr().out
    assert "52.1" in page and "2345.67" in page and "1,203" in page
    assert "…" not in page and max(len(line) for line in page.splitlines()) <= columns
