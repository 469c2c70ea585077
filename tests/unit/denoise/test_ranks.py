import numpy as np
import pytest

from frlib.denoise._ranks import by_share, mid_ranks, places


def test_mid_ranks_when_values_are_equal_then_so_are_ranks():
    assert mid_ranks(np.array([3.0, 1, 1, 9])).tolist() == [0.625, 0.25, 0.25, 0.875]
    assert mid_ranks(np.array([])).tolist() == []
    assert mid_ranks(np.full(5, 2.0)).tolist() == [0.5] * 5


def test_mid_ranks_when_grouped_then_as_each_group_alone():
    draw = np.random.default_rng(0)
    values, groups = draw.integers(6, size=50) / 1.0, draw.integers(4, size=50)
    found = mid_ranks(values, groups)
    for group in range(4):
        mine = values[groups == group]
        naive = [((mine < v).sum() + (mine == v).sum() / 2) / len(mine) for v in mine]
        assert found[groups == group] == pytest.approx(naive)


def test_places_when_in_order_of_groups_then_counted_from_zero_in_each():
    assert places(np.array([2, 0, 3, 1]), np.array([0, 1, 0, 1])).tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9])
def test_by_share_when_ranks_are_even_then_the_mean_is_the_share(share):
    ranks = mid_ranks(np.arange(10_000.0))
    found = by_share(ranks, share)
    assert found.mean() == pytest.approx(share, rel=0.01)
    assert (np.diff(found) >= 0).all() and 0 <= found[0] <= found[-1] <= 1


def test_by_share_when_none_or_all_then_zero_or_one():
    ranks = np.array([0.1, 0.9])
    assert by_share(ranks, 0.0).tolist() == [0, 0]
    assert by_share(ranks, 1.0).tolist() == [1, 1]
