"""The benchmark of tables: that it compares and reports sanely. Nothing is said about speed."""

import json
from pathlib import Path

import pytest

from frlib.bench import tables, tables_case
from frlib.cli import bench_tables_page
from frlib.records import read
from tests.benchmarks.run import run


def test_tables_when_small_then_all_ways_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bench", "tables", "--small", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["runs"], found["metrics"], found["searched_runs"]) == (60, 30, 20)
    for way in ("table", "queried", "searched"):
        assert found[way]["cpu_s"] > 0 and found[way]["wall_s"] > 0
        assert 50 < found[way]["peak_mib"] < 2000
    assert found["faster"] == pytest.approx(found["searched"]["cpu_s"] / found["queried"]["cpu_s"])


@pytest.mark.parametrize("runs", [1, 7])
def test_case_when_recorded_then_so_many_runs_are_complete(tmp_path: Path, runs: int) -> None:
    found = read.load(tables_case.recorded(tmp_path, runs))
    assert found.runs["status"].tolist() == ["complete"] * runs
    assert len(found.finals) == runs * tables_case.METRICS
    assert set(found.names()) == {*tables_case.REPORT, tables_case.SELECTION}


def test_page_when_memory_is_not_told_then_its_place_is_empty(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spent = tables.Spent(cpu_s=12.345, wall_s=67.891, peak_mib=None)
    monkeypatch.setattr(bench_tables_page.console, "_width", 100)
    bench_tables_page.report(
        tables.TablesReport(
            runs=30_000, metrics=30, imports=spent, table=spent, searched_runs=3_000,
            queried=spent, searched=spent, faster=21.5,
        )
    )  # fmt: skip
    page = capsys.readouterr().out
    assert "30,000 runs x 30 metrics" in page and "12.35" in page and "21.5 times" in page
    assert "None" not in page
