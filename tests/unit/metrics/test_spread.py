import numpy as np
import pytest

from frlib.core.errors import ProtocolError
from frlib.metrics.spread import spread

GROUPS = {"African": 0.95, "Asian": 0.94, "Caucasian": 0.98, "Indian": 0.96}


def test_spread_when_four_groups_then_known_values():
    found = spread(GROUPS, "insightface10")
    row = np.array([0.95, 0.94, 0.98, 0.96])
    assert found.mean == pytest.approx(0.9575)
    assert found.std == pytest.approx(np.sqrt(((row - 0.9575) ** 2).sum() / 4))
    assert found.sample_std == pytest.approx(np.sqrt(((row - 0.9575) ** 2).sum() / 3))
    assert found.skewed_error_ratio == pytest.approx(3.0)
    assert (found.worst, found.protocol) == ("Asian", "insightface10")


def test_spread_when_even_then_zero_and_one():
    found = spread(dict.fromkeys("abc", 0.9), "insightface10")
    assert (found.std, found.skewed_error_ratio) == (pytest.approx(0), 1.0)


def test_spread_when_a_group_has_no_error_then_the_ratio_is_marked():
    assert spread({"a": 1.0, "b": 0.9}, "x").skewed_error_ratio == float("inf")
    assert np.isnan(spread({"a": 1.0, "b": 1.0}, "x").skewed_error_ratio)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"a": 0.9}, "two groups"),
        ({"a": 95.0, "b": 0.9}, "shares"),
        ({"a": np.nan, "b": 0.9}, "shares"),
    ],
)
def test_spread_when_groups_are_wrong_then_protocol_error(groups, message):
    with pytest.raises(ProtocolError, match=message):
        spread(groups, "insightface10")
