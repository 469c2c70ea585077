"""Arms against the incumbent, seed by seed."""

import math

import pytest

from frlib.pruning import Design, Past, Stop, racing
from tests.unit.pruning.worlds import Running, rule

DESIGN = Design(epochs=2, replicates=5, mode="max")


def _race(
    finals: dict[str, list[float]], design: Design = DESIGN, **settings: float
) -> dict[str, list[Stop | None]]:
    """Arms one after another, each to its end; what is said after each replicate."""
    one = rule(racing, design, **settings)
    found: dict[str, list[Stop | None]] = {}
    for arm, values in finals.items():
        running, found[arm] = Running(arm, "cell", {}, protected=arm == "default"), []
        for value in values:
            said = [one.judge(running.go(design, v)) for v in (0.0, value)]
            assert said[0] is None
            found[arm].append(said[1])
            if said[1]:
                break
    return found


def test_judge_when_two_of_two_are_lost_then_stops_with_numbers() -> None:
    said = _race({"a": [0.9, 0.8, 0.9, 0.9, 0.9], "b": [0.8, 0.7, 0.9, 0.9, 0.9]})
    assert said["a"] == [None] * 5
    first, stop = said["b"]
    assert first is None
    assert stop is not None
    assert (stop.rule, stop.rung, stop.n) == ("racing", 4, 2)
    assert (stop.value, stop.cutoff) == (pytest.approx(0.75), pytest.approx(0.85))
    assert stop.message == (
        "racing: a was better in 2 of 2 replicates (0.7500, needed 0.8500; p = 0.25, alpha = 0.25)"
    )


def test_judge_when_one_of_three_is_won_then_its_size_decides() -> None:
    incumbent = {"a": [0.5, 0.5, 0.5, 0.5, 0.5]}
    close = _race(incumbent | {"b": [0.51, 0.4, 0.3, 0.0, 0.0]})["b"]
    assert [bool(stop) for stop in close] == [False, False, True]
    clear = _race(incumbent | {"b": [0.7, 0.4, 0.2, 0.5, 0.5]})["b"]
    assert [bool(stop) for stop in clear] == [False] * 5


def test_judge_when_the_mean_is_better_then_goes_on_although_most_seeds_are_lost() -> None:
    said = _race({"a": [0.5, 0.5, 0.5], "b": [0.4, 0.4, 0.9]}, least=3, alpha=0.7)
    assert said["b"] == [None] * 3


def test_judge_when_seeds_are_hard_and_easy_then_pairs_are_compared_and_not_spreads() -> None:
    said = _race({"a": [0.9, 0.1, 0.5], "b": [0.89, 0.09, 0.49]})
    assert said["b"][1] is not None


def test_judge_when_there_are_several_then_the_best_over_the_same_seeds_is_the_incumbent() -> None:
    """Over two seeds c is best, though over all of its own a is."""
    said = _race(
        {"a": [0.5, 0.5, 0.9, 0.9, 0.9], "c": [0.7, 0.6, 0.0, 0.0, 0.0], "b": [0.6, 0.55]},
        alpha=0.25,
    )
    stop = said["b"][1]
    assert stop is not None
    assert stop.message.startswith("racing: c was better")
    assert (stop.cutoff, stop.n) == (pytest.approx(0.65), 3)


@pytest.mark.parametrize("order", [("a", "c"), ("c", "a")])
def test_judge_when_two_are_best_then_the_incumbent_does_not_depend_on_who_came_first(
    order: tuple[str, str],
) -> None:
    """Against a one seed of two is lost, against c both are."""
    finals = {"a": [0.75, 0.25], "c": [0.5, 0.5]}
    stop = _race({arm: finals[arm] for arm in order} | {"b": [0.375, 0.375]})["b"][1]
    assert stop is not None and stop.message.startswith("racing: c")


def test_judge_when_the_only_other_arm_has_fewer_seeds_then_there_is_no_incumbent() -> None:
    assert _race({"a": [0.9], "b": [0.1, 0.1, 0.1]})["b"] == [None] * 3


def test_judge_when_all_seeds_tie_then_goes_on() -> None:
    assert _race({"a": [0.5] * 5, "b": [0.5] * 5})["b"] == [None] * 5


def test_judge_when_it_is_the_last_replicate_or_protected_or_early_then_goes_on() -> None:
    two = Design(epochs=2, replicates=2, mode="max")
    assert _race({"a": [0.9, 0.9], "b": [0.1, 0.1]}, two)["b"] == [None] * 2
    assert _race({"a": [0.9] * 3, "default": [0.1] * 3})["default"] == [None] * 3
    later = _race({"a": [0.9] * 4, "b": [0.1] * 4}, least=3)["b"]
    assert [bool(stop) for stop in later] == [False, False, True]
    strict = _race({"a": [0.9] * 4, "b": [0.1] * 4}, alpha=0.0625)["b"]
    assert [bool(stop) for stop in strict] == [False, False, False, True]


def test_judge_when_a_final_is_not_a_number_then_that_seed_is_lost() -> None:
    said = _race({"a": [0.5, 0.4, 0.5], "b": [math.nan, 0.3, 0.5]})
    stop = said["b"][1]
    assert stop is not None
    assert math.isnan(stop.value)
    neither = _race({"a": [math.nan, 0.4, 0.5], "b": [math.nan, 0.3, 0.2]})
    assert neither["b"] == [None] * 3, "an incumbent without a mean is none"


def test_judge_when_less_is_better_then_the_smaller_wins() -> None:
    less = Design(epochs=2, replicates=5, mode="min")
    said = _race({"a": [0.1, 0.1], "b": [0.2, 0.3]}, less)
    assert said["b"][1] is not None and said["b"][1].cutoff == pytest.approx(0.1)


def test_enter_when_arms_are_put_back_then_they_can_be_the_incumbent() -> None:
    one = rule(racing, DESIGN)
    one.enter(Past(arm="old", cell="cell", course={2: 0.9, 4: 0.8}, finals=(0.9, 0.7)))
    new = Running("new", "cell", {})
    said = [one.judge(new.go(DESIGN, value)) for value in (0.0, 0.8, 0.0, 0.6)]
    assert said[:3] == [None] * 3
    assert said[3] is not None and said[3].n == 2


def test_judge_when_rungs_are_set_then_halves_inside_the_first_replicate_alone() -> None:
    long = Design(epochs=8, replicates=2, mode="max")
    assert racing.measured_at(racing.Config(first_epoch=2), 8) == (2, 4)
    one = rule(racing, long, first_epoch=2)
    a, b = Running("a", "cell", {}), Running("b", "cell", {})
    assert [one.judge(a.go(long, 0.9)) for _ in range(16)] == [None] * 16
    assert one.judge(b.go(long, 0.1)) is None
    stop = one.judge(b.go(long, 0.1))
    assert stop is not None and (stop.rung, stop.rule) == (2, "racing")
    assert stop.message == "racing: after 2 epochs it ranked 2 of 2 (0.1000, needed 0.9000)"
    late = Running("c", "cell", {}, step=8, finals=[0.1])
    assert [one.judge(late.go(long, 0.1)) for _ in range(8)] == [None] * 8
