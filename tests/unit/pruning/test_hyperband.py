"""Brackets: how many, who is in which, and that they do not meet."""

from collections import Counter
from itertools import pairwise

import pytest

from frlib.core.config import digest
from frlib.pruning import Design, hyperband
from frlib.pruning.hyperband import bracket, shares
from tests.unit.pruning.worlds import rule, told

DESIGN = Design(epochs=9, replicates=1, mode="max")
ARMS = [digest({"arm": i}) for i in range(2000)]


def test_shares_when_81_epochs_are_thirded_then_are_those_of_the_paper() -> None:
    rungs = hyperband.measured_at(hyperband.Config(), 81)
    assert rungs == (1, 3, 9, 27)
    assert shares(len(rungs), 3) == (81, 34, 15, 8, 5)


@pytest.mark.parametrize(("rungs", "keep"), [(0, 3), (2, 3), (4, 3), (3, 2)])
def test_shares_when_counted_in_epochs_then_brackets_cost_about_the_same(
    rungs: int, keep: int
) -> None:
    longest = keep**rungs
    costs = []
    for j, arms in enumerate(shares(rungs, keep)):
        steps = [keep**i for i in range(j, rungs)] + [longest]
        kept = [arms / keep**i for i in range(len(steps))]
        new = [steps[0], *(b - a for a, b in pairwise(steps))]
        costs.append(sum(k * n for k, n in zip(kept, new, strict=True)))
    assert max(costs) < 2 * min(costs)


def test_bracket_when_arms_are_many_then_shares_hold_on_average() -> None:
    wanted = shares(2, 3)
    assert wanted == (9, 5, 3)
    found = Counter(bracket(arm, wanted) for arm in ARMS)
    for j, share in enumerate(wanted):
        expected = len(ARMS) * share / sum(wanted)
        assert abs(found[j] - expected) < 4 * expected**0.5


def test_judge_when_brackets_differ_then_each_begins_at_its_own_rung_and_meets_its_own() -> None:
    one, wanted = rule(hyperband, DESIGN), shares(2, 3)
    of = {j: [arm for arm in ARMS if bracket(arm, wanted) == j][:2] for j in range(3)}
    for arm, other in of.values():
        assert told(one, arm, [0.9] * 9) == [None] * 9
        assert bracket(arm, wanted) == bracket(other, wanted)
    for j, first in ((0, 1), (1, 3)):
        stops = told(one, of[j][1], [0.5] * first)
        assert stops[:-1] == [None] * (first - 1)
        assert stops[-1] is not None and (stops[-1].rung, stops[-1].n) == (first, 2)
        assert stops[-1].message == (
            f"hyperband, bracket {j}: after {first} epochs it ranked 2 of 2 (0.5000, needed 0.9000)"
        )
    assert told(one, of[2][1], [0.5] * 9) == [None] * 9
