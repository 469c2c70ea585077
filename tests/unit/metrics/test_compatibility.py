"""Update gain and flips, by numbers made by hand."""

import numpy as np
import pytest

from frlib.core.errors import ProtocolError
from frlib.metrics.compatibility import flips, update_gain


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


def test_update_gain_when_a_number_is_no_share_then_refused() -> None:
    with pytest.raises(ProtocolError, match="cross=70"):
        update_gain(70, 0.6, 0.8)
