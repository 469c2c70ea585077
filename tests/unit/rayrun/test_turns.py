"""Who goes first on a shared cluster."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.search import Searcher

from frlib.rayrun.search import ArmSearch
from frlib.rayrun.turns import Turns


class Wall:
    """A board in this process, and a clock for all who look at it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.held: dict[str, str] = {}
        self.written = 0

    def put(self, key: str, line: str) -> None:
        self.held[key] = line
        self.written += 1

    def lines(self) -> Mapping[str, str]:
        return dict(self.held)

    def remove(self, key: str) -> None:
        self.held.pop(key, None)

    def turns(self, name: str, priority: int, **more: Any) -> Turns:
        """Of a driver that has just looked."""
        return Turns(self, name, name, priority, clock=lambda: self.now, **more)


def _trial(arm: str) -> Any:
    return SimpleNamespace(config={"arm": arm})


@pytest.fixture
def wall() -> Wall:
    return Wall()


def test_due_when_a_higher_one_waits_then_the_lower_one_lets_it_go_first(
    wall: Wall, caplog: pytest.LogCaptureFixture
) -> None:
    low, high = wall.turns("low", 0), wall.turns("high", 5)
    high.proposed("a")
    assert high.is_due() and not low.is_due()
    assert "no arm is begun while high (resources.priority=5, here 0) waits" in caplog.text
    high.on_trial_start(0, [], _trial("a"))
    high.renew()
    wall.now += 1.1
    assert low.is_due(), "its arm has started"


@pytest.mark.parametrize("priority", [0, -1])
def test_due_when_the_other_is_not_higher_then_nobody_waits(wall: Wall, priority: int) -> None:
    mine, other = wall.turns("mine", 0), wall.turns("other", priority)
    other.proposed("a")
    assert mine.is_due()


def test_due_when_the_higher_driver_is_dead_then_its_line_counts_no_more(wall: Wall) -> None:
    low, high = wall.turns("low", 0), wall.turns("high", 5)
    high.proposed("a")
    for _ in range(7):
        wall.now += 5
        high.renew()
    assert not low.is_due(), "it is alive and still waits"
    wall.now += 31
    assert low.is_due()


def test_due_when_the_higher_driver_leaves_then_goes_on(wall: Wall) -> None:
    low, high = wall.turns("low", 0), wall.turns("high", 5)
    high.proposed("a")
    high.leave()
    assert low.is_due()


def test_waiting_when_workers_come_after_the_trial_then_ends_with_the_first_epoch(
    wall: Wall,
) -> None:
    low, high = wall.turns("low", 0), wall.turns("high", 5, in_process=False)
    high.proposed("a")
    high.on_trial_start(0, [], _trial("a"))
    high.renew()
    assert not low.is_due()
    high.on_trial_result(0, [], _trial("a"), {})
    high.renew()
    wall.now += 1.1
    assert low.is_due()


def test_renew_when_nothing_is_new_then_writes_seldom(wall: Wall) -> None:
    high = wall.turns("high", 5)
    for _ in range(100):
        high.on_step_end(0, [])
    assert wall.written == 1


def test_suggest_when_others_go_first_then_there_may_be_an_arm_later(wall: Wall) -> None:
    low, high = wall.turns("low", 0), wall.turns("high", 5)
    cells: Any = [SimpleNamespace(remaining=1, propose=lambda: None)]
    search = ArmSearch(cells, lambda arm: {}, lambda arm, result: NotImplemented, is_due=low.is_due)
    high.proposed("a")
    assert search.suggest("t1") is None
    high.leave()
    wall.now += 1.1
    assert search.suggest("t1") == Searcher.FINISHED, "this one's cell has none"
