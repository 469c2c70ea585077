"""What an arm reports over its replicates, also where one ended early."""

import math

import pytest

from frlib.rayrun.trial import _Tally


def _tally() -> _Tally:
    return _Tally({"metric": "selection/auc"}, 5)


def test_tally_when_a_replicate_ends_early_then_its_end_still_meets_the_rung() -> None:
    tally = _tally()
    for epoch in (1, 2):
        tally.result(0, {"epoch": epoch, "selection/auc": 0.6 + epoch / 10})
    tally.close({"selection/auc": 0.8})
    assert tally.is_short
    whole = tally.whole(0)
    assert (whole["step"], whole["value"], whole["status"]) == (5, 0.8, "")
    following = tally.result(1, {"epoch": 1, "selection/auc": 0.4})
    assert following["step"] == 6
    assert following["value"] == pytest.approx(0.6)


def test_tally_when_a_short_replicate_is_followed_by_one_on_record_then_that_is_not_short() -> None:
    tally = _tally()
    tally.result(0, {"epoch": 2, "selection/auc": 0.6})
    tally.close({"selection/auc": 0.6})
    tally.close({"selection/auc": 0.7})
    assert not tally.is_short


def test_tally_when_a_replicate_is_whole_or_on_record_then_nothing_is_added() -> None:
    tally = _tally()
    tally.close({"selection/auc": 0.8})
    assert not tally.is_short
    tally.result(1, {"epoch": 5, "selection/auc": 0.4})
    tally.close({})
    assert not tally.is_short
    assert math.isnan(tally.end("complete")["value"])
