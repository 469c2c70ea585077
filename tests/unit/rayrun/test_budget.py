"""When no further arm may begin, and why."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from frlib.core import safeio
from frlib.rayrun.budget import Spending
from frlib.records import layout, parts
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


def test_spending_when_hours_are_over_then_says_so_from_then_on(now: list[float]) -> None:
    spending = Spending(_plan(Budget(hours=2)))
    assert spending.may_begin()
    now[0] = 7201
    assert not spending.may_begin() and "budget.hours=2 is spent" in spending.reason
    now[0] = 0
    assert not spending.may_begin()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the clock shows; a test may set them."""
    shown = [0.0]
    monkeypatch.setattr("frlib.rayrun.budget.time.monotonic", lambda: shown[0])
    return shown


@pytest.mark.parametrize("budget", [Budget(gpu_hours=5), Budget(cpu_hours=5)], ids=str)
def test_spending_when_hours_are_on_record_then_they_count(
    budget: Budget, now: list[float]
) -> None:
    spending = Spending(_plan(budget, hours=2))
    assert spending.may_begin(), "4 of 5: two workers for two hours"
    spending.started("a")
    now[0] = 1860
    spending.ended("a", 3)
    assert not spending.may_begin() and "_hours=5 is spent" in spending.reason
    assert spending.facts()["gpu_hours"] == pytest.approx(4 + 2 * 1860 / 3600)


def test_spending_when_an_arm_still_runs_then_its_hours_count(now: list[float]) -> None:
    spending = Spending(_plan(Budget(gpu_hours=5)))
    spending.started("a")
    now[0] = 2.6 * 3600
    spending.started("a")
    assert not spending.may_begin(), "a restart does not begin anew"
    assert not spending.is_overspent(), "5.2 of 5 is not far above"
    now[0] = 3.8 * 3600
    assert spending.is_overspent()


def test_spending_when_overspent_before_anything_is_asked_for_then_there_is_a_reason(
    now: list[float],
) -> None:
    spending = Spending(_plan(Budget(hours=2)))
    now[0] = 3.1 * 3600
    assert spending.is_overspent() and spending.reason == "budget.hours=2 is spent"


@pytest.mark.parametrize("seconds", [7200.0, None], ids=["failed", "killed"])
def test_spending_when_attempts_did_not_complete_then_their_hours_count(
    seconds: float | None, tmp_path: Path
) -> None:
    plan = replace(_plan(Budget(gpu_hours=3)), store=tmp_path)
    attempt = layout.attempt_folder(plan.folder, "b", 0, 0)
    safeio.write_json(layout.arm_folder(plan.folder, "b") / "arm.json", {"arm": "b"})
    began = datetime(2026, 1, 1, tzinfo=UTC)
    status = "running" if seconds is None else "failed"
    run = {"status": status, "seconds": seconds, "started": began.isoformat()}
    safeio.write_json(attempt / "run.json", run)
    last = {"name": ["train/loss"], "value": [1.0], "epoch": [1], "step": [1]}
    rows = parts.to_table("metrics", last | {"time": [began.timestamp() + 7200]})
    parts.write(attempt / layout.part_name("metrics", 0), rows, {})
    spending = Spending(plan)
    assert not spending.may_begin() and spending.facts()["gpu_hours"] == pytest.approx(4)


def test_spending_when_runs_are_limited_then_arms_count_with_all_that_they_may_run() -> None:
    spending = Spending(_plan(Budget(runs=9)))
    for arm in ("b", "c"):
        assert spending.may_begin()
        spending.began(arm)
    assert not spending.may_begin()
    again = Spending(_plan(Budget(runs=9)))
    again.began("b")
    again.ended("t", 1)
    again.began("c")
    assert again.may_begin(), "an arm that was stopped after its first run leaves two"


def test_spending_when_an_arm_goes_on_then_its_runs_count_once() -> None:
    spending = Spending(_plan(Budget(runs=9)))
    spending.began("a")
    assert spending.facts()["runs"] == 3, "all three are on record, one of them open"
    spending.ended("t", 3)
    spending.began("b")
    assert spending.facts()["runs"] == 6


def test_spending_when_somebody_says_stop_then_nothing_begins() -> None:
    assert not Spending(_plan(Budget()), lambda: True).may_begin()
