"""Tune's scheduler over rules and limits, without Tune."""

from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import TrialScheduler

from frlib.pruning import Design, Past, Stop, halving, none
from frlib.rayrun.stopping import LIMIT, Stopping
from frlib.study.search import Limits

DESIGN = Design(epochs=4, replicates=2, mode="max")
GOES_ON, ENDS = TrialScheduler.CONTINUE, TrialScheduler.STOP


def _rule() -> Any:
    return halving.build(halving.Config(first_epoch=1, keep_one_in=2), DESIGN)


def _trial(arm: str, *, default: bool = False, inherits: int = 0) -> Any:
    config = {"arm": arm, "cell": "c", "default": default, "inherits": inherits}
    return SimpleNamespace(config=config)


def _row(step: int, value: float, **more: Any) -> dict[str, Any]:
    return {"step": step, "epoch": step, "value": value, "finals": [], "params": "{}"} | more


def _made(limits: Limits | None = None, **more: Any) -> tuple[Stopping, list[tuple[str, Stop]]]:
    told: list[tuple[str, Stop]] = []
    scheduler = Stopping(
        {"c": more.pop("rule", _rule())},
        limits or Limits(),
        lambda order, stop: told.append((order["arm"], stop)),
        **more,
    )
    return scheduler, told


def test_result_when_the_rule_stops_then_the_trial_ends_and_it_is_told_once() -> None:
    scheduler, told = _made()
    assert scheduler.on_trial_result(None, _trial("a"), _row(1, 0.9)) == GOES_ON
    assert scheduler.on_trial_result(None, _trial("b"), _row(1, 0.5)) == ENDS
    assert [arm for arm, _ in told] == ["b"] and scheduler.stops["b"].rule == "halving"
    assert scheduler.on_trial_result(None, _trial("c", default=True), _row(1, 0.1)) == GOES_ON


def test_result_when_arms_on_record_are_put_back_then_they_are_compared_with() -> None:
    scheduler, _ = _made()
    scheduler.enter(Past(arm="a", cell="c", course={1: 0.9}, finals=()))
    assert scheduler.on_trial_result(None, _trial("b"), _row(1, 0.5)) == ENDS


def test_result_when_a_run_takes_too_long_then_it_ends_by_the_limit() -> None:
    scheduler, _ = _made(Limits(seconds=50), rule=none.build(none.Config(), DESIGN))
    assert scheduler.on_trial_result(None, _trial("a"), _row(1, 0.9, foreseen_s=49)) == GOES_ON
    assert scheduler.on_trial_result(None, _trial("a"), _row(2, 0.9, foreseen_s=60)) == ENDS
    stop = scheduler.stops["a"]
    assert stop.rule == LIMIT and "60 s" in stop.message
    assert scheduler.excess({"foreseen_s": 60}) == (("seconds", 10.0),)


def test_result_when_the_study_is_to_end_then_arms_end_without_a_verdict() -> None:
    scheduler, told = _made(is_ending=lambda: True)
    assert scheduler.on_trial_result(None, _trial("a"), _row(1, 0.9)) == ENDS
    assert not told and not scheduler.stops


def test_result_when_it_is_the_last_one_then_no_rule_is_asked() -> None:
    scheduler, _ = _made()
    end = {"step": 8, "value": 0.1, "status": "complete"}
    assert scheduler.on_trial_result(None, _trial("a"), end) == GOES_ON


def test_result_when_an_epoch_is_the_parents_then_the_child_is_not_judged_by_it() -> None:
    scheduler, _ = _made()
    scheduler.enter(Past(arm="a", cell="c", course={1: 0.9, 2: 0.9}, finals=()))
    child = _trial("b", inherits=1)
    assert scheduler.on_trial_result(None, child, _row(1, 0.5)) == GOES_ON
    assert scheduler.on_trial_result(None, child, _row(2, 0.5)) == ENDS
