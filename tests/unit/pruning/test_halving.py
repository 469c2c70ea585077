"""Who is stopped at a rung, and why."""

import pytest

from frlib.pruning import Design, Past, halving
from tests.unit.pruning.worlds import Running, rule, told

DESIGN = Design(epochs=20, replicates=3, mode="max")
NO = None


@pytest.mark.parametrize(
    ("first", "keep", "epochs", "wanted"),
    [(5, 2, 20, (5, 10)), (5, 2, 21, (5, 10, 20)), (1, 3, 28, (1, 3, 9, 27)), (5, 2, 5, ())],
)
def test_measured_at_when_epochs_are_given_then_rungs_multiply_and_end_before_the_last(
    first: int, keep: int, epochs: int, wanted: tuple[int, ...]
) -> None:
    config = halving.Config(first_epoch=first, keep_one_in=keep)
    assert halving.measured_at(config, epochs) == wanted


def test_judge_when_an_arm_is_in_the_worse_half_then_stops_it_with_numbers() -> None:
    one = rule(halving, DESIGN)
    assert told(one, "a", [0.1, 0.1, 0.1, 0.1, 0.8]) == [NO] * 5
    *_, stop = told(one, "b", [0.9, 0.9, 0.9, 0.9, 0.7])
    assert stop is not None
    assert (stop.rule, stop.rung, stop.n, stop.cutoff, stop.value) == ("halving", 5, 2, 0.8, 0.7)
    assert stop.message == "halving: after 5 epochs it ranked 2 of 2 (0.7000, needed 0.8000)"
    assert told(one, "c", [0.0] * 4 + [0.9]) == [NO] * 5


def test_judge_when_four_meet_then_the_better_two_go_on_and_ties_share_a_rank() -> None:
    one = rule(halving, DESIGN, first_epoch=1)
    ends = [told(one, arm, [v])[0] for arm, v in zip("abcdef", (4, 3, 2, 3.5, 3.5, 3), strict=True)]
    assert [stop and (stop.n, stop.cutoff) for stop in ends] == [
        NO,
        (2, 4),
        (3, 4),
        NO,
        NO,
        (6, 3.5),
    ]


def test_judge_when_less_is_better_then_keeps_the_smaller() -> None:
    one = rule(halving, Design(epochs=20, replicates=1, mode="min"), first_epoch=1)
    assert told(one, "a", [0.3]) == told(one, "b", [0.2]) == [NO]
    [stop] = told(one, "c", [0.4])
    assert stop is not None and stop.cutoff == 0.2


def test_judge_when_a_replicate_ends_then_means_are_compared_but_not_at_the_last() -> None:
    short = Design(epochs=1, replicates=3, mode="max")
    one = rule(halving, short)
    better, worse = Running("a", "cell", {}), Running("b", "cell", {})
    for value in (0.5, 0.9, 0.9):
        assert one.judge(better.go(short, value)) is None
    assert one.judge(worse.go(short, 0.5)) is None
    stop = one.judge(worse.go(short, 0.7))
    assert stop is not None
    assert (stop.rung, stop.value, stop.cutoff) == (2, 0.6, 0.7)


def test_judge_when_protected_then_never_stops_but_counts() -> None:
    one = rule(halving, DESIGN, first_epoch=1)
    told(one, "a", [0.9])
    assert told(one, "default", [0.1], protected=True) == [NO]
    [stop] = told(one, "c", [0.5])
    assert stop is not None and stop.n == 3


def test_enter_when_records_are_put_back_then_they_count_where_they_were_measured() -> None:
    one = rule(halving, DESIGN)
    one.enter(Past(arm="old", cell="cell", course={4: 0.1, 5: 0.9, 6: 0.2}, finals=()))
    *_, stop = told(one, "new", [0.8] * 5)
    assert stop is not None and (stop.cutoff, stop.n) == (0.9, 2)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_judge_when_a_value_is_not_a_number_then_it_ranks_last(wrong: float) -> None:
    one = rule(halving, DESIGN, first_epoch=1)
    told(one, "a", [0.1])
    [stop] = told(one, "b", [wrong])
    assert stop is not None and stop.cutoff == 0.1
