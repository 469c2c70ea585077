import numpy as np

from frlib.data.sampler import epoch_order, flip_mask


def test_order_when_drawn_then_a_permutation_fixed_by_seed_and_epoch() -> None:
    order = epoch_order(1000, seed=3, epoch=7)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(1000))
    np.testing.assert_array_equal(order, epoch_order(1000, seed=3, epoch=7))
    for other in (epoch_order(1000, seed=3, epoch=8), epoch_order(1000, seed=4, epoch=7)):
        assert (other != order).mean() > 0.9


def test_flip_when_drawn_then_half_fixed_by_seed_and_epoch_and_unlike_other_epochs() -> None:
    flips = flip_mask(10_000, seed=3, epoch=0)
    assert flips.dtype == bool
    assert abs(flips.mean() - 0.5) < 0.025  # five standard deviations
    np.testing.assert_array_equal(flips, flip_mask(10_000, seed=3, epoch=0))
    assert abs((flips == flip_mask(10_000, seed=3, epoch=1)).mean() - 0.5) < 0.025
    assert abs((flips == flip_mask(10_000, seed=4, epoch=0)).mean() - 0.5) < 0.025
