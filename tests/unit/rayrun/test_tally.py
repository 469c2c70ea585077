"""What an arm reports over its replicates, also where one ended early."""

import json
import math

import pytest

from frlib.rayrun.tally import Tally

METRIC = "selection/auc"


def test_tally_when_a_replicate_ends_early_then_its_end_still_meets_the_rung() -> None:
    tally = Tally(METRIC, 5)
    for epoch in (1, 2):
        tally.result(0, {"epoch": epoch, METRIC: 0.6 + epoch / 10})
    tally.close({METRIC: 0.8})
    assert tally.is_short
    whole = tally.whole(0)
    assert (whole["step"], whole["value"], whole["status"]) == (5, 0.8, "")
    assert whole["finals"] == [0.8]
    following = tally.result(1, {"epoch": 1, METRIC: 0.4})
    assert following["step"] == 6
    assert following["value"] == pytest.approx(0.6)
    assert following["finals"] == [0.8]


def test_tally_when_a_short_replicate_is_followed_by_one_on_record_then_that_is_not_short() -> None:
    tally = Tally(METRIC, 5)
    tally.result(0, {"epoch": 2, METRIC: 0.6})
    tally.close({METRIC: 0.6})
    tally.close({METRIC: 0.7})
    assert not tally.is_short


def test_tally_when_a_replicate_is_whole_or_on_record_then_nothing_is_added() -> None:
    tally = Tally(METRIC, 5)
    tally.close({METRIC: 0.8})
    assert not tally.is_short
    last = tally.result(1, {"epoch": 5, METRIC: 0.4})
    assert last["finals"] == [0.8, 0.4]
    tally.close({})
    assert not tally.is_short
    assert math.isnan(tally.end("complete")["value"])


def test_tally_when_there_are_further_objectives_then_the_end_has_their_means() -> None:
    tally = Tally(METRIC, 5, objectives=("cost/images", "cost/seconds"))
    tally.close({METRIC: 0.8, "cost/images": 10, "cost/seconds": 4})
    tally.close({METRIC: 0.6, "cost/images": 30, "cost/seconds": 2})
    assert tally.end("complete")["others"] == [20, 3]
    assert tally.end("complete")["finals"] == [0.8, 0.6], "runs that count against a budget"


def test_tally_when_settings_change_on_the_way_then_params_are_those_of_the_epoch() -> None:
    changes = [(2, {"head.margin": 0.4, "optimiser.lr": 1.0}), (3, {"head.margin": 0.5})]
    tally = Tally(METRIC, 5, params={"head.margin": 0.1}, changes=changes)
    rows = [tally.result(0, {"epoch": epoch, METRIC: 0}) for epoch in (1, 2, 3, 4)]
    shown = [json.loads(row["params"]) for row in rows]
    assert [params["head.margin"] for params in shown] == [0.1, 0.1, 0.4, 0.5]
    assert all(set(params) == {"head.margin"} for params in shown)


def test_tally_when_epochs_pass_then_the_time_of_the_replicate_is_foreseen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("frlib.rayrun.tally.time.monotonic", lambda: now[0])
    tally = Tally(METRIC, 10)
    tally.begin()
    now[0] += 6
    assert tally.result(0, {"epoch": 1, METRIC: 0})["foreseen_s"] == pytest.approx(60)
    tally.begin()
    now[0] += 6
    assert "foreseen_s" not in tally.result(0, {"epoch": 4, METRIC: 0}), "it was resumed"
    now[0] += 3
    assert tally.result(0, {"epoch": 5, METRIC: 0})["foreseen_s"] == pytest.approx(30)


def test_tally_when_workers_are_waited_for_then_the_wait_is_no_time_of_the_replicate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("frlib.rayrun.tally.time.monotonic", lambda: now[0])
    tally = Tally(METRIC, 10, waits=True)
    tally.begin()
    now[0] = 600
    assert "foreseen_s" not in tally.result(0, {"epoch": 1, METRIC: 0})
    now[0] = 606
    assert tally.result(0, {"epoch": 2, METRIC: 0})["foreseen_s"] == pytest.approx(60)
