import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frlib.core.errors import DataError
from frlib.metrics.calibration import calibration


def test_calibration_when_made_by_hand_then_exact() -> None:
    found = calibration([0.25, 0.25, 1.0, 0.75], [True, False, True, True])
    assert found.brier == pytest.approx((0.75**2 + 0.25**2 + 0 + 0.25**2) / 4)
    assert found.size.tolist() == [0, 0, 2, 0, 0, 0, 0, 1, 0, 1]
    assert found.ece == pytest.approx((2 * 0.25 + 1 * 0.25 + 0) / 4)
    assert found.reliability() == [
        {"low": 0.2, "high": 0.3, "samples": 2, "mean": 0.25, "share": 0.5},
        {"low": 0.7, "high": 0.8, "samples": 1, "mean": 0.75, "share": 1.0},
        {"low": 0.9, "high": 1.0, "samples": 1, "mean": 1.0, "share": 1.0},
    ]


def test_calibration_when_probabilities_are_sure_and_right_then_no_error() -> None:
    found = calibration([0.0, 1.0, 1.0], [False, True, True])
    assert (found.brier, found.ece) == (0, 0)


def test_calibration_when_there_are_no_samples_then_undefined() -> None:
    found = calibration([], [])
    assert math.isnan(found.brier) and math.isnan(found.ece)
    assert found.reliability() == []


@given(st.lists(st.tuples(st.integers(0, 64), st.booleans()), min_size=1, max_size=20))
def test_calibration_when_compared_with_plain_lists_then_equal(
    samples: list[tuple[int, bool]],
) -> None:
    prob, is_so = [n / 64 for n, _ in samples], [so for _, so in samples]
    bins: dict[int, list[tuple[float, bool]]] = {}
    for p, so in zip(prob, is_so, strict=True):
        bins.setdefault(min(math.floor(p * 10), 9), []).append((p, so))
    gaps = [abs(sum(p for p, _ in of) - sum(so for _, so in of)) for of in bins.values()]
    found = calibration(prob, is_so)
    assert found.ece == pytest.approx(sum(gaps) / len(samples), abs=1e-12)
    brier = np.mean([(p - so) ** 2 for p, so in zip(prob, is_so, strict=True)])
    assert found.brier == pytest.approx(brier)


@pytest.mark.parametrize("value", [-0.1, 1.5, math.nan])
def test_calibration_when_it_is_no_probability_then_data_error(value: float) -> None:
    with pytest.raises(DataError, match=r"sample 1 \(1 such\); expected 0 to 1"):
        calibration([0.5, value], [True, False])


def test_calibration_when_columns_differ_then_data_error() -> None:
    with pytest.raises(DataError, match="one entry a sample"):
        calibration([0.5], [True, False])
