import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frlib.core.errors import DataError, NumericsError
from frlib.metrics.average_precision import average_precision


def _by_every_threshold(samples: list[tuple[int, bool]]) -> float:
    total = sum(positive for _, positive in samples)
    area = before = 0.0
    for threshold in sorted({score for score, _ in samples}, reverse=True):
        taken = [positive for score, positive in samples if score >= threshold]
        area += (sum(taken) - before) / total * sum(taken) / len(taken)
        before = sum(taken)
    return area


def test_average_precision_when_made_by_hand_then_exact() -> None:
    assert average_precision([0.9, 0.8, 0.7, 0.1], [True, False, True, False]) == (1 + 2 / 3) / 2


def test_average_precision_when_scores_tie_then_they_are_one_step() -> None:
    assert average_precision([0.5, 0.5, 0.1], [True, False, True]) == (1 / 2 + 2 / 3) / 2
    assert average_precision(np.full(8, 0.3), np.arange(8) < 2) == 1 / 4


def test_average_precision_when_ranking_is_perfect_or_reversed_then_at_its_bounds() -> None:
    assert average_precision([3, 2, 1], [True, True, False]) == 1
    assert average_precision([1, 2, 3], [True, False, False]) == 1 / 3


def test_average_precision_when_nothing_is_positive_then_nan() -> None:
    assert math.isnan(average_precision([0.1, 0.2], [False, False]))
    assert math.isnan(average_precision([], []))


def test_average_precision_when_the_rest_is_at_minus_infinity_then_tied_at_the_bottom() -> None:
    found = average_precision([1.0, -np.inf, -np.inf], [True, True, False])
    assert found == (1 + 2 / 3) / 2


@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_average_precision_when_compared_with_every_threshold_then_equal_in_any_order(
    samples: list[tuple[int, bool]], random: object
) -> None:
    samples = [*samples, (2, True)]
    score, positive = zip(*samples, strict=True)
    found = average_precision(score, positive)
    assert found == pytest.approx(_by_every_threshold(samples), rel=1e-12)
    random.shuffle(samples)  # type: ignore[attr-defined]
    assert average_precision(*zip(*samples, strict=True)) == found


def test_average_precision_when_compared_with_scikit_learn_then_equal() -> None:
    sklearn = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not asked for")
    rng = np.random.default_rng(5)
    for levels in (3, 40, 10**6):
        score, positive = rng.integers(0, levels, 500) / levels, rng.random(500) < 0.2
        wanted = sklearn.average_precision_score(positive, score)
        assert average_precision(score, positive) == pytest.approx(wanted, rel=1e-12)


def test_average_precision_when_columns_do_not_fit_then_typed_errors() -> None:
    with pytest.raises(DataError, match=r"\(2,\), truth of shape \(1,\)"):
        average_precision([0.1, 0.2], [True])
    with pytest.raises(NumericsError, match=r"sample 1 is NaN \(1 such\)"):
        average_precision([0.1, math.nan], [True, False])
