import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frlib.metrics.exact import best_threshold, exact
from frlib.metrics.verification import insightface


@given(
    st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=12),
)
def test_best_threshold_when_compared_with_every_cut_then_none_is_better(
    pairs: list[tuple[int, bool]],
) -> None:
    value = np.array([v for v, _ in pairs], dtype=float)
    same = np.array([s for _, s in pairs])
    right = int(((value < best_threshold(value, same)) == same).sum())
    cuts = np.append(np.unique(value), 99.0)
    assert right == max(int(((value < cut) == same).sum()) for cut in cuts)


def test_exact_when_all_pairs_choose_and_are_judged_then_at_least_the_grid() -> None:
    rng = np.random.default_rng(3)
    same = np.arange(400) % 2 == 0
    distance = rng.uniform(0, 0.03, 400) + 0.01 * ~same
    fold = np.zeros(400, dtype=int)
    assert exact(distance, same, fold).accuracy > insightface(distance, same, fold).accuracy


def test_best_threshold_when_neighbours_are_adjacent_floats_then_lies_between() -> None:
    low = 1.0
    high = float(np.nextafter(low, 2))
    assert best_threshold(np.array([low, high]), np.array([True, False])) == pytest.approx(high)
    assert low < best_threshold(np.array([low, high]), np.array([True, False])) <= high
