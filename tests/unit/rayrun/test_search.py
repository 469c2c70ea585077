"""The searcher hands a failed arm out again, and is not over while anything runs."""

from types import SimpleNamespace
from typing import Any

from ray.tune.search import Searcher

from frlib.rayrun.memory import Outcome
from frlib.rayrun.search import ArmSearch


class _Cell:
    def __init__(self, *arms: str) -> None:
        self._left = [SimpleNamespace(digest=arm) for arm in arms]
        self.told: list[Outcome] = []

    @property
    def remaining(self) -> int:
        return len(self._left)

    def propose(self) -> Any:
        return self._left.pop(0) if self._left else None

    def tell(self, outcome: Outcome) -> None:
        self.told.append(outcome)


def _made(cell: _Cell, **more: Any) -> ArmSearch:
    cells: Any = [cell]
    return ArmSearch(
        cells,
        lambda arm: {"arm": arm.digest},
        lambda arm, result: Outcome(arm=arm, status="complete", value=1.0, step=1),
        **more,
    )


def test_suggest_when_a_trial_failed_then_its_arm_goes_first_and_is_told_once() -> None:
    cell = _Cell("a", "b")
    search = _made(cell, again=lambda arm: arm == "a")
    assert search.suggest("1") == {"arm": "a"}
    search.on_trial_complete("1", error=True)
    assert not cell.told
    assert search.suggest("2") == {"arm": "a"} and search.suggest("3") == {"arm": "b"}
    search.on_trial_complete("2", {"status": "complete"})
    search.on_trial_complete("3", error=True)
    assert [(one.arm.digest, one.status) for one in cell.told] == [
        ("a", "complete"),
        ("b", "unfinished"),
    ]


def test_suggest_when_nothing_is_left_then_waits_for_what_runs() -> None:
    search = _made(_Cell("a"), again=lambda arm: True)
    assert search.suggest("1") == {"arm": "a"}
    assert search.suggest("2") is None
    search.on_trial_complete("1", error=True)
    assert search.suggest("2") == {"arm": "a"}
    search.on_trial_complete("2", {"status": "complete"})
    assert search.suggest("3") == Searcher.FINISHED


def test_suggest_when_no_more_may_begin_then_a_failed_arm_still_goes_on() -> None:
    open_: list[bool] = [True]
    search = _made(_Cell("a", "b"), may_begin=lambda: open_[0], again=lambda arm: True)
    assert search.suggest("1") == {"arm": "a"}
    open_[0] = False
    assert search.suggest("2") is None
    search.on_trial_complete("1", error=True)
    assert search.suggest("2") == {"arm": "a"}


def test_suggest_when_an_arm_is_handed_out_then_it_waits_also_the_second_time() -> None:
    waiting: list[str] = []
    search = _made(_Cell("a"), again=lambda arm: True, waits=waiting.append)
    search.suggest("1")
    search.on_trial_complete("1", error=True)
    search.suggest("2")
    assert waiting == ["a", "a"]


def test_suggest_when_others_go_first_then_a_study_that_is_done_ends_all_the_same() -> None:
    due = [True]
    search = _made(_Cell("a", "b"), is_due=lambda: due[0])
    assert search.suggest("1") == {"arm": "a"}
    due[0] = False
    assert search.suggest("2") is None
    due[0] = True
    assert search.suggest("2") == {"arm": "b"}
    due[0] = False
    for trial in ("1", "2"):
        search.on_trial_complete(trial, {"status": "complete"})
    assert search.suggest("3") == Searcher.FINISHED
