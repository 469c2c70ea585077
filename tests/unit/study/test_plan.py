"""What is left to do where runs have several lengths, and the progress that counts it."""

from pathlib import Path

import pytest

from frlib.cli.progress import Progress
from frlib.records import ledger
from frlib.study.arms import cells
from frlib.study.plan import CellPlan, Plan
from frlib.study.search import Search
from tests.benchmarks.run import run as frlib
from tests.unit.study.designs import digests, small


def _plan() -> Plan:
    """Two seeds of a run of 6 epochs and of one of 2, nothing on record."""
    study = small(
        axes={"schedule+epochs": (("poly", 6), ("cosine", 2))},
        space={},
        pruning="none",
        replicates={"seeds": (0, 1)},
    )
    return Plan(study, Path("unused"), tuple(CellPlan(c, {}) for c in cells(study, digests)))


def test_plan_when_lengths_differ_then_epochs_are_those_of_each_cell() -> None:
    plan = _plan()
    assert plan.epochs == (2, 6)
    assert (plan.runs_left, plan.epochs_left) == (4, 2 * (6 + 2))


@pytest.mark.parametrize(
    ("arms", "is_default", "owed"),
    [(1, False, 3), (2, False, 3 + 1), (3, False, 3 + 1 + 3), (1, True, 1), (2, True, 1 + 3)],
)
def test_owed_when_an_arm_was_begun_then_the_default_goes_before_it(
    arms: int, is_default: bool, owed: int
) -> None:
    study = small(search=Search(arms_per_cell=arms), replicates={"seeds": (0, 1, 2)})
    cell = next(iter(cells(study, digests)))
    digest = cell.default.digest if is_default else "0" * 16
    begun = ledger.Entry({"arm": digest}, None, (0, 1), (1.0, 1.0))
    one = CellPlan(cell, {digest: begun})
    assert Plan(study, Path("unused"), (one,)).owed(one) == owed


def test_progress_when_an_arm_fails_then_the_epochs_of_its_own_length_leave_the_total(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = _plan()
    long, short = (one.cell for one in plan.cells)
    progress = Progress(plan)
    progress.epoch("a", short.shown, 1, 0.5, seed=0)
    progress.ended("a", short.shown, "failed", "", 0.5)
    capsys.readouterr()
    progress._spoke = -100.0
    progress.epoch("b", long.shown, 1, 0.5, seed=0)
    assert "2/13 epochs" in capsys.readouterr().out


def test_show_when_fields_vary_together_then_their_values_stand_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FRLIB_FACES", raising=False)
    assert frlib(monkeypatch, "study", "show", "haar_speed") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert (
        "schedule+epochs axis: multi_step+8, poly+8, cosine+8, moving_haar+8, multi_step+2" in shown
    )


def test_plan_when_the_data_are_missing_then_error_names_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert frlib(monkeypatch, "study", "plan", "mhlr_one_gpu", "--store", str(tmp_path / "s")) == 1
    assert "webface260m does not exist; expected a zip file or a folder" in capsys.readouterr().err
