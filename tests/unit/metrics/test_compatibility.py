"""Criterion, gains, flips and chains of models, by numbers made by hand."""

import numpy as np
import pytest

from frlib.core.errors import ProtocolError
from frlib.metrics.compatibility import (
    chain,
    cross_gain,
    flips,
    is_compatible,
    is_ordered,
    self_cost,
    update_gain,
)


def test_criterion_when_equal_then_not_met() -> None:
    assert is_compatible(0.7, 0.6)
    assert not is_compatible(0.6, 0.6)
    assert cross_gain(0.7, 0.6) == pytest.approx(0.1)


def test_update_gain_when_room_is_known_then_its_share() -> None:
    assert update_gain(0.7, 0.6, 0.8).value == pytest.approx(0.5)
    assert update_gain(0.5, 0.6, 0.8).value == pytest.approx(-0.5)


@pytest.mark.parametrize(("independent", "lowest"), [(0.6, None), (0.5, None), (0.8, -0.01)])
def test_update_gain_when_the_room_is_not_clear_then_undefined_and_why(
    independent: float, lowest: float | None
) -> None:
    found = update_gain(0.7, 0.6, independent, lowest)
    assert found.value is None
    assert "not clearly above 0" in found.why


def test_self_cost_when_compatible_model_is_worse_then_points_and_share() -> None:
    found = self_cost(0.6, 0.8)
    assert found.points == pytest.approx(-0.2)
    assert found.relative == pytest.approx(-0.25)
    assert self_cost(0.1, 0.0).relative is None


def test_ordering_when_cross_reaches_self_then_still_ordered() -> None:
    assert is_ordered(0.5, 0.6, 0.6)
    assert not is_ordered(0.6, 0.6, 0.7)
    assert not is_ordered(0.5, 0.7, 0.6)


def test_flips_when_counted_then_both_ways_apart() -> None:
    before = np.array([True, True, False, False])
    found = flips(before, np.array([True, False, True, False]))
    assert (found.negative, found.positive) == (0.25, 0.25)
    assert found.negative_P.tolist() == [False, True, False, False]
    same = flips(before, before)
    assert (same.negative, same.positive) == (0, 0)


def test_flips_when_rows_do_not_fit_then_refused() -> None:
    with pytest.raises(ProtocolError, match="same trials"):
        flips(np.ones(3, bool), np.ones(2, bool))
    with pytest.raises(ProtocolError, match="expected bool"):
        flips(np.ones(3), np.ones(3))


def test_chain_when_three_models_then_pairs_below_the_diagonal_count() -> None:
    metric = np.array([[0.5, 9.0, 9.0], [0.6, 0.7, 9.0], [0.4, 0.8, 0.9]])
    found = chain(metric)
    assert found.ac == pytest.approx(2 / 3)
    assert found.am == pytest.approx((0.5 + 0.6 + 0.7 + 0.4 + 0.8 + 0.9) / 6)


def test_chain_and_gains_when_numbers_are_no_shares_then_refused() -> None:
    with pytest.raises(ProtocolError, match="two models"):
        chain([[0.5]])
    with pytest.raises(ProtocolError, match=r"not in 0\.\.1"):
        chain([[0.5, 0.0], [50.0, 0.5]])
    with pytest.raises(ProtocolError, match="cross=70"):
        cross_gain(70, 0.6)
