"""When no further arm may begin, and why."""

from pathlib import Path

import pytest

from frlib.rayrun.budget import Spending
from frlib.records.ledger import Entry
from frlib.study.arms import cells
from frlib.study.plan import CellPlan, Plan
from frlib.study.schema import Budget, Resources
from tests.unit.study.designs import digests, small

GPU = Resources(workers=2, gpus_per_worker=1)


def _plan(budget: Budget, hours: float = 0.0, resources: Resources = GPU) -> Plan:
    """Three seeds an arm; one arm with two replicates done, of so many hours together."""
    study = small(budget=budget, resources=resources)
    entry = Entry({}, None, (0, 1), (1800 * hours, 1800 * hours), (2,))
    plans = [
        CellPlan(cell, {"a": entry} if not n else {})
        for n, cell in enumerate(cells(study, digests))
    ]
    return Plan(study, Path("unused"), tuple(plans))


def test_spending_when_there_is_no_budget_then_arms_begin() -> None:
    assert Spending(_plan(Budget(), hours=1000)).may_begin()


def test_spending_when_hours_are_over_then_says_so_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("frlib.rayrun.budget.time.monotonic", lambda: now[0])
    spending = Spending(_plan(Budget(hours=2)))
    assert spending.may_begin()
    now[0] = 7201
    assert not spending.may_begin() and "budget.hours=2 is spent" in spending.reason
    now[0] = 0
    assert not spending.may_begin()


def test_spending_when_gpu_hours_are_on_record_then_they_count() -> None:
    spending = Spending(_plan(Budget(gpu_hours=5), hours=2))
    assert spending.may_begin(), "4 of 5: two GPUs for two hours"
    spending.ended(1860, 3)
    assert not spending.may_begin() and "budget.gpu_hours=5" in spending.reason


def test_spending_when_runs_are_limited_then_arms_count_with_all_that_they_may_run() -> None:
    spending = Spending(_plan(Budget(runs=9)))
    for _ in range(2):
        assert spending.may_begin()
        spending.began()
    assert not spending.may_begin()
    again = Spending(_plan(Budget(runs=9)))
    again.began()
    again.ended(1, 1)
    again.began()
    assert again.may_begin(), "an arm that was stopped after its first run leaves two"


def test_spending_when_somebody_says_stop_then_nothing_begins() -> None:
    assert not Spending(_plan(Budget()), lambda: True).may_begin()
