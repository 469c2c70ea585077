"""The table of a running study in a terminal, and lines in a log."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from frlib.cli.progress import Progress
from frlib.records import doing, layout
from frlib.study.plan import Plan
from tests.unit.study.recorded import planned, record

MARGINS = (0.1, 0.2)


def _searched(store: Path) -> Plan:
    return planned(
        store,
        axes={"head.sample_rate": (1.0, 0.5)},
        space={"head.margin": {"kind": "uniform", "low": 0.05, "high": 0.4}},
        search={"arms_per_cell": 30, "sampler": "random"},
    )


def _terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)


def _shown(progress: Progress) -> list[str]:
    console = _terminal()
    console.print(progress.page())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_page_when_arms_run_then_has_a_row_each_with_values_seed_and_epoch(tmp_path: Path) -> None:
    plan = _searched(tmp_path)
    progress = Progress(plan, console=_terminal())
    cell = plan.cells[0].cell
    progress.began("a", cell.shown, {"head.margin": 0.1234})
    progress.epoch("a", cell.shown, 3, 0.75, seed=1)
    row = next(line for line in _shown(progress) if "margin 0.123" in line)
    assert row.split()[-3:] == ["1", "1/2", "0.7500"]


def test_page_when_a_stage_is_made_then_the_row_says_so_until_it_trains(tmp_path: Path) -> None:
    plan = planned(tmp_path, axes={"clean": ({"rule": "oracle"},)})
    progress = Progress(plan, console=_terminal())
    cell = plan.cells[0].cell
    progress.began("a", cell.shown, {})
    with doing.told(layout.arm_folder(plan.folder, "a")) as say:
        say("making clean.decide (decide)")
        assert any("making clean.decide (decide)" in line for line in _shown(progress))
    assert not any("making" in line for line in _shown(progress))


def test_page_when_many_arms_and_cells_are_there_then_fits_a_terminal(tmp_path: Path) -> None:
    plan = planned(tmp_path, axes={"head.margin": tuple(0.01 * n for n in range(1, 21))})
    for one in plan.cells:
        record(plan, one.cell.default, {0: 0.5, 1: 0.6}, verdict="")
    plan = planned(tmp_path, axes={"head.margin": tuple(0.01 * n for n in range(1, 21))})
    progress = Progress(plan, console=_terminal())
    for number, one in enumerate(plan.cells):
        progress.began(f"arm{number}", one.cell.shown, {})
        progress.ended(f"other{number}", one.cell.shown, "failed", "x" * 300, 0.1)
    lines = _shown(progress)
    assert len(lines) <= 24
    assert any("and 14 more" in line for line in lines)
    assert any("and 13 more cells" in line for line in lines)
    assert "head.margin=0.2" in lines[1], "the newest is first"
    assert any("20 running, 20 failed" in line for line in lines)


def test_page_when_replicates_are_complete_then_the_best_has_its_interval(tmp_path: Path) -> None:
    plan = _searched(tmp_path)
    cell = plan.cells[0].cell
    good, poor = cell.arm({"head.margin": 0.1}), cell.arm({"head.margin": 0.3})
    progress = Progress(plan, console=_terminal())
    progress.epoch(good.digest, cell.shown, 2, 0.7, seed=0)
    record(plan, good, {0: 0.7, 1: 0.9}, verdict="")
    record(plan, poor, {0: 0.6, 1: 0.6}, verdict="")
    progress.epoch(good.digest, cell.shown, 4, 0.8, seed=1)
    progress.ended(poor.digest, cell.shown, "complete", "", 0.6)
    row = next(line for line in _shown(progress) if "0.8000" in line and "1.27" in line)
    assert row.split()[-3:] == ["0.8000", "1.2706", "2"]


def test_progress_when_not_a_terminal_then_says_how_arms_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = planned(tmp_path)
    cell = plan.cells[0].cell
    with Progress(plan) as progress:
        progress.began("a", cell.shown, {})
        progress.epoch("a", cell.shown, 1, 0.5, seed=0)
        progress.ended("a", cell.shown, "stopped", "ranked 2 of 2", 0.5)
    lines = capsys.readouterr().out.splitlines()
    assert "1/8 epochs" in lines[0]
    assert lines[-1].endswith("head.margin=0.1: stopped selection/auc 0.5000 (ranked 2 of 2)")


def test_stopping_when_asked_then_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Asked:
        left_s: float | None = None

        def stopping(self) -> bool:
            return True

    progress = Progress(planned(tmp_path), Asked())  # type: ignore[arg-type]
    assert progress.stopping() and progress.stopping()
    assert capsys.readouterr().out.count("asked to stop") == 1
    assert not Progress(planned(tmp_path)).stopping()


def test_total_when_an_arm_was_never_started_then_stays_and_else_falls(tmp_path: Path) -> None:
    plan = _searched(tmp_path)
    progress = Progress(plan, console=_terminal())
    cell, whole = plan.cells[0].cell, plan.epochs_left
    progress.ended("refused", cell.shown, "stopped", "limit: not started", float("nan"))
    assert progress.board.total == whole
    progress.began("a", cell.shown, {})
    progress.epoch("a", cell.shown, 1, 0.75, seed=0)
    progress.ended("a", cell.shown, "stopped", "halving", 0.75)
    assert progress.board.total == whole - (cell.config.epochs * 2 - 1)
    assert any("2 stopped" in line for line in _shown(progress))
