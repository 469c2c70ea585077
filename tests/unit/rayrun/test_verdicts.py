"""What is told of a trial that has ended, to the budget of runs."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from frlib.launch.session import Unwatched
from frlib.pruning import Stop
from frlib.rayrun.budget import Spending
from frlib.rayrun.failures import Failures
from frlib.rayrun.stopping import Stopping
from frlib.rayrun.verdicts import Tell, Verdicts
from frlib.study.arms import cells
from frlib.study.plan import CellPlan, Plan
from frlib.study.schema import Budget
from frlib.study.search import Limits
from tests.unit.study.designs import digests, small

EPOCHS = 4
STOP = Stop(rule="halving", rung=6, value=0.5, cutoff=0.6, n=2, message="halving: ranked 2 of 2")


@pytest.fixture
def spending() -> Spending:
    """Of three seeds an arm, nothing on record."""
    study = small(budget=Budget(runs=9))
    plans = tuple(CellPlan(cell, {}) for cell in cells(study, digests))
    found = Spending(Plan(study, Path("unused"), plans))
    found.began("a")
    return found


def _trial(last: dict[str, Any] | None) -> Any:
    order = {"arm": "a", "shown": {}, "seeds": [0, 1, 2], "config": {"epochs": EPOCHS}}
    return SimpleNamespace(trial_id="t", config=order, last_result=last, error_file="")


def _tell(spending: Spending, folder: Path, failures: Failures, stop: Stop | None = None) -> Tell:
    stopping = Stopping({}, Limits(), lambda order, stop: None)
    if stop is not None:
        stopping.stops["a"] = stop
    return Tell(Verdicts(folder, "auc", Unwatched()), spending, stopping, failures)


@pytest.mark.parametrize(
    ("last", "stop", "runs"),
    [
        ({"step": 12, "finals": [0.5, 0.6, 0.7], "status": "complete"}, None, 3),
        ({"step": 6, "finals": [0.5], "status": "", "epoch": 2}, STOP, 2),
        ({"step": 4, "finals": [0.5], "status": "", "epoch": 4}, STOP, 1),
        ({"step": 2, "finals": [], "status": "", "epoch": 2}, None, 1),
        ({"step": 4, "finals": [0.5], "status": "failed", "value": 0.5}, None, 2),
        (None, None, 0),
    ],
    ids=["whole", "stopped inside", "stopped at an end", "put down", "failed", "never started"],
)
def test_trial_when_it_ends_then_the_runs_it_has_begun_are_counted(
    last: dict[str, Any] | None, stop: Stop | None, runs: int, spending: Spending, tmp_path: Path
) -> None:
    _tell(spending, tmp_path, Failures(0), stop).on_trial_complete(0, [], _trial(last))
    assert spending.facts()["runs"] == runs


@pytest.mark.parametrize(("most", "runs"), [(0, 2), (1, 3)], ids=["for good", "goes on"])
def test_trial_when_it_crashes_then_the_run_it_was_in_counts(
    most: int, runs: int, spending: Spending, tmp_path: Path
) -> None:
    failures, trial = Failures(most), _trial({"step": 6, "finals": [0.5], "status": ""})
    failures.note(trial)
    _tell(spending, tmp_path, failures).on_trial_error(0, [], trial)
    assert spending.facts()["runs"] == runs
