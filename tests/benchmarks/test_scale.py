"""The benchmark of large studies: that no arm gets lost, and that its report holds what it says."""

import json
from pathlib import Path

import pytest

from frlib.bench import scale, scale_engine, scale_store, scale_tune, study_case, study_scale
from frlib.cli import bench_scale_page
from frlib.core.errors import BenchmarkError, ClusterError
from frlib.launch import simulated
from frlib.study.status import status
from tests.benchmarks.run import run


def _silent(text: str) -> None:
    assert text


def test_scale_when_small_then_every_mark_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bench", "scale", "--small", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tune"] == "left out of a small run"
    first, last = found["marks"]
    assert (first["arms"], last["arms"]) == (8, 16)
    assert 0 < first["room"]["files"] < last["room"]["files"]
    assert first["room"]["mib"] < last["room"]["mib"]
    for one in (first, last):
        assert one["propose_ms"] > 0 and one["end_ms"] > 0 and one["resume"]["cpu_s"] > 0


def test_simulation_when_it_runs_then_records_are_those_of_a_study(tmp_path: Path) -> None:
    plan = study_case.planned(scale_engine.case(12, 4), tmp_path)
    cost = simulated.opened(plan, 3).run(12)
    found = status(plan.folder)
    assert cost.arms == 12 and 0 < cost.stopped < 12
    assert (found.count("stopped"), found.count("complete")) == (cost.stopped, 12 - cost.stopped)
    assert found.cells[0].best is not None


def test_simulation_when_there_are_no_more_arms_then_ends(tmp_path: Path) -> None:
    plan = study_case.planned(scale_engine.case(3, 2), tmp_path)
    assert simulated.opened(plan, 8).run(10).arms == 3


def test_measured_when_arms_are_lost_then_error(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = study_scale.Spent(cpu_s=0.1, wall_s=0.1)
    lost = scale_engine.Resumed(arms=3, plan=spent, resume=spent, mib=1)
    monkeypatch.setattr(scale_engine.apart, "run", lambda *_: lost)
    with pytest.raises(BenchmarkError, match="4 arms were asked for, 4 ran, and 3 are on record"):
        scale_engine.measured((4,), 2, 2, say=_silent)


def test_ends_when_an_arm_is_unfinished_then_error() -> None:
    with pytest.raises(BenchmarkError, match=r"ended as unfinished \(its process died\)"):
        scale_tune.Ends().ended("a", {}, "unfinished", "its process died", 0.0)


def test_scale_when_there_is_no_cluster_then_the_report_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ClusterError("Ray on this machine: no room")

    monkeypatch.setattr(scale_engine, "measured", lambda *_, **__: ())
    monkeypatch.setattr(scale_tune, "measured", fail)
    assert scale.run(scale.Sizes(), say=_silent).tune == "Ray on this machine: no room"


def test_room_when_files_lie_deep_then_all_count(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "one").write_bytes(bytes(2**20))
    (tmp_path / "a" / "b" / "two").write_bytes(bytes(2**20))
    found = scale_store.room(tmp_path)
    assert (found.files, found.folders, found.mib) == (2, 2, 2.0)


@pytest.mark.ray
@pytest.mark.slow
def test_tune_when_measured_then_all_arms_end_and_have_a_time() -> None:
    found = scale_tune.measured(6, 2, say=_silent)
    assert found.arms == 6 and found.warm == 1 and found.wall_ms > 0 and found.cpu_ms > 0


@pytest.mark.parametrize("columns", [80, 100])
def test_page_when_the_terminal_is_narrow_then_no_value_is_cut_off(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    room = scale_store.Room(files=41_234, folders=30_002, mib=1234.5, disk_mib=2345.6)
    mark = scale_engine.Mark(
        arms=10_000, stopped=6_543, propose_ms=123.4, judge_ms=1.2, end_ms=12.3, wall_ms=1345.6,
        driver_mib=1500.0, base_mib=812.0, room=room, resumed_mib=1400.0, last_ms=98.7,
        plan=study_scale.Spent(cpu_s=12.3, wall_s=123.45),
        resume=study_scale.Spent(cpu_s=23.4, wall_s=234.56),
    )  # fmt: skip
    tune = scale_tune.TuneResult(
        arms=300, warm=60, stopped=200, start_s=33.1, wall_ms=1250.0, cpu_ms=99.0, driver_mib=990.0
    )
    monkeypatch.setattr(bench_scale_page.console, "_width", columns)
    value = scale.ScaleReport(sizes=scale.Sizes(), marks=(mark, mark, mark), tune=tune)
    bench_scale_page.report(value)
    page = capsys.readouterr().out
    assert "1345.6" in page and "41,234" in page and "234.56" in page and "1,250 ms" in page
    assert "…" not in page and max(len(line) for line in page.splitlines()) <= columns
