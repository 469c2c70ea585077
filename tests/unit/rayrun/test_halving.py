"""Who is stopped at a rung, and why."""

from frlib.rayrun.halving import Halving, rungs
from frlib.study.schema import Pruning


def test_rungs_when_epochs_and_replicates_are_given_then_double_and_end_each_replicate() -> None:
    assert rungs(Pruning(first_epoch=5, keep_one_in=2), 20, 3) == (5, 10, 20, 40)
    assert rungs(Pruning(first_epoch=5), 4, 1) == ()
    assert rungs(Pruning(rule="none"), 20, 3) == ()


def test_judge_when_an_arm_is_in_the_worse_half_then_stops_it_with_numbers() -> None:
    halving = Halving((5,), 2, "max")
    assert halving.judge("a", "cell", 5, 0.8, protected=False) is None
    stop = halving.judge("b", "cell", 5, 0.7, protected=False)
    assert stop is not None
    assert (stop.rung, stop.rank, stop.n, stop.cutoff, stop.value) == (5, 2, 2, 0.8, 0.7)
    assert halving.judge("c", "cell", 5, 0.9, protected=False) is None


def test_judge_when_less_is_better_then_keeps_the_smaller() -> None:
    halving = Halving((5,), 2, "min")
    assert halving.judge("a", "cell", 5, 0.3, protected=False) is None
    assert halving.judge("b", "cell", 5, 0.2, protected=False) is None
    assert halving.judge("c", "cell", 5, 0.4, protected=False) is not None


def test_judge_when_cells_differ_then_does_not_compare_them() -> None:
    halving = Halving((5,), 2, "max")
    halving.judge("a", "easy", 5, 0.9, protected=False)
    assert halving.judge("b", "hard", 5, 0.6, protected=False) is None


def test_judge_when_protected_then_never_stops_but_counts() -> None:
    halving = Halving((5,), 2, "max")
    halving.judge("a", "cell", 5, 0.9, protected=False)
    assert halving.judge("default", "cell", 5, 0.1, protected=True) is None
    stop = halving.judge("c", "cell", 5, 0.5, protected=False)
    assert stop is not None and stop.n == 3


def test_judge_when_before_the_rung_or_again_then_says_nothing() -> None:
    halving = Halving((5,), 2, "max")
    halving.judge("a", "cell", 5, 0.9, protected=False)
    assert halving.judge("b", "cell", 4, 0.1, protected=False) is None
    assert halving.judge("a", "cell", 6, 0.0, protected=False) is None


def test_enter_when_records_are_put_back_then_they_count_as_reached() -> None:
    halving = Halving((5,), 2, "max")
    halving.enter("cell", "old", {4: 0.1, 5: 0.9, 6: 0.2})
    assert halving.judge("new", "cell", 5, 0.8, protected=False) is not None


def test_judge_when_an_arm_resumes_past_a_rung_then_its_later_value_is_not_entered_there() -> None:
    halving = Halving((5, 10), 2, "max")
    halving.enter("cell", "resumed", {5: 0.6})
    assert halving.judge("resumed", "cell", 8, 0.95, protected=False) is None
    assert halving.judge("fresh", "cell", 5, 0.7, protected=False) is None


def test_judge_when_a_value_is_not_a_number_then_it_ranks_last() -> None:
    halving = Halving((5,), 2, "max")
    assert halving.judge("a", "cell", 5, 0.1, protected=False) is None
    assert halving.judge("b", "cell", 5, float("nan"), protected=False) is not None
