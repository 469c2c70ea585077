import numpy as np
import pytest

from frlib.core.errors import ProtocolError
from frlib.metrics import one_to_one
from frlib.metrics.roc import tar_at_far
from frlib.stats import intervals, support


def test_support_when_counted_then_ten_impostors_are_enough():
    assert [support.is_supported(m) for m in (0, 9, 10, 1000)] == [False, False, True, True]
    assert support.ENOUGH == one_to_one.ENOUGH


def test_lowest_far_when_given_then_the_rule_holds_at_it_and_not_below():
    score = np.random.default_rng(0).normal(size=5000)
    same = np.arange(5000) % 5 == 0
    lowest = support.lowest_far(4000)
    at, below = (tar_at_far(score, same, far).far * 4000 for far in (lowest, 0.99 * lowest))
    assert (round(at), round(below)) == (10, 9)
    assert support.lowest_far(9) == float("inf")


def test_support_when_below_then_the_exact_interval_of_the_rate_is_wide():
    few, enough = (intervals.binomial_interval(m, 10**6) for m in (3, 10))
    assert few.high / few.low > 10
    assert enough.high / enough.low < 4


def test_support_when_negative_then_protocol_error():
    with pytest.raises(ProtocolError, match="count from 0"):
        support.is_supported(-1)
    with pytest.raises(ProtocolError, match="count from 0"):
        support.lowest_far(-1)
