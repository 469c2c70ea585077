"""The best of an arm against the averages of others."""

import math

from frlib.pruning import Design, Past, median
from tests.unit.pruning.worlds import Running, rule, told

DESIGN = Design(epochs=4, replicates=1, mode="max")
NO = None


def test_measured_at_when_asked_then_begins_after_the_grace() -> None:
    assert median.measured_at(median.Config(grace=4, every=3), 12) == (4, 7, 10)


def test_judge_when_the_best_is_below_the_middle_average_then_stops_with_numbers() -> None:
    """Averages after 2 epochs: 0.3, 0.5, 0.7; the middle one is 0.5."""
    one = rule(median, DESIGN, grace=2, least=3)
    for arm, course in {"a": [0.2, 0.4], "b": [0.2, 0.8], "c": [0.6, 0.8]}.items():
        assert told(one, arm, course) == [NO, NO]
    assert told(one, "d", [0.5, 0.1]) == [NO, NO], "its best, 0.5, is not below"
    *_, stop = told(one, "e", [0.39, 0.38])
    assert stop is not None
    assert (stop.rule, stop.rung, stop.value, stop.n) == ("median", 2, 0.38, 4)
    assert math.isclose(stop.cutoff, 0.4), "0.3 (twice), 0.5, 0.7: the mean of 0.3 and 0.5"
    assert stop.message == (
        "median: after 2 epochs its best was 0.3900, and 4 others had averaged 0.4000 in the middle"
    )


def test_judge_when_too_few_or_too_early_or_protected_then_goes_on() -> None:
    one = rule(median, DESIGN, grace=2, least=2)
    assert told(one, "a", [0.9, 0.9]) == told(one, "b", [0.1, 0.1]) == [NO, NO]
    assert told(one, "default", [0.1, 0.1], protected=True) == [NO, NO]
    first, last = told(one, "c", [0.05, 0.05])
    assert first is None
    assert last is not None and (last.n, last.cutoff) == (3, 0.1)


def test_judge_when_every_is_two_then_says_nothing_between() -> None:
    one = rule(median, Design(epochs=6, replicates=1, mode="max"), grace=1, every=2, least=1)
    told(one, "a", [0.9] * 6)
    stops = told(one, "b", [0.95, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert stops == [NO] * 6, "its best stays above"
    first, *_ = told(one, "c", [0.1])
    assert first is not None


def test_judge_when_less_is_better_then_the_smallest_is_the_best() -> None:
    one = rule(median, Design(epochs=4, replicates=1, mode="min"), grace=2, least=1)
    told(one, "a", [0.4, 0.2])
    assert told(one, "b", [0.3, 0.9]) == [NO, NO]
    *_, stop = told(one, "c", [0.6, 0.5])
    assert stop is not None and math.isclose(stop.cutoff, 0.45), "of 0.3 and 0.6"


def test_judge_when_values_are_no_numbers_then_they_are_left_out_of_averages() -> None:
    one = rule(median, DESIGN, grace=2, least=1)
    told(one, "a", [math.nan, 0.8])
    *_, stop = told(one, "b", [math.nan, math.nan])
    assert stop is not None and stop.cutoff == 0.8
    assert "its best was no number" in stop.message


def test_judge_when_a_replicate_ends_then_compares_but_not_at_the_last() -> None:
    short = Design(epochs=2, replicates=2, mode="max")
    one = rule(median, short, grace=2, least=1)
    good, bad = Running("a", "cell", {}), Running("b", "cell", {})
    for value in (0.9, 0.9, 0.9, 0.9):
        assert one.judge(good.go(short, value)) is None
    told_bad = [one.judge(bad.go(short, value)) for value in (0.95, 0.95, 0.1, 0.1)]
    assert told_bad == [NO] * 4


def test_judge_when_it_is_the_last_step_then_goes_on() -> None:
    for replicates, ends in ((1, False), (2, True)):
        one = rule(median, Design(epochs=2, replicates=replicates, mode="max"), grace=2, least=1)
        told(one, "a", [0.9, 0.9])
        *_, stop = told(one, "b", [0.1, 0.1])
        assert (stop is not None) == ends


def test_enter_when_a_course_has_gaps_then_counts_what_is_there() -> None:
    one = rule(median, DESIGN, grace=2, least=1)
    one.enter(Past(arm="old", cell="cell", course={2: 0.8, 3: 0.9}, finals=()))
    *_, stop = told(one, "new", [0.1, 0.7])
    assert stop is not None and stop.cutoff == 0.8
