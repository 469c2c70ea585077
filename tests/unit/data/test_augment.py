import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frlib.core.errors import ConfigError
from frlib.data.augment import Augment, draws

EVERYTHING = Augment(crop=3, brightness=0.2, contrast=0.4, saturation=1.0)


def test_flip_when_drawn_then_half_fixed_by_seed_and_epoch_and_unlike_other_epochs() -> None:
    flips = draws(Augment(), 10_000, seed=3, epoch=0).flip
    assert flips.dtype == bool
    assert abs(flips.mean() - 0.5) < 0.025  # five standard deviations
    np.testing.assert_array_equal(flips, draws(Augment(), 10_000, seed=3, epoch=0).flip)
    for seed, epoch in ((3, 1), (4, 0)):
        other = draws(Augment(), 10_000, seed, epoch).flip
        assert abs((flips == other).mean() - 0.5) < 0.025


def test_flip_when_drawn_then_the_numbers_of_earlier_versions() -> None:
    found = draws(Augment(), 8, seed=0, epoch=0).flip
    assert found.tolist() == [False, True, False, True, False, True, True, False]


def test_draws_when_nothing_is_asked_for_then_nothing_is_drawn() -> None:
    found = draws(Augment(flip=False), 5, seed=0, epoch=0)
    assert not found.flip.any()
    assert found.shift is None and found.colour is None


def test_draws_when_everything_is_asked_for_then_within_the_stated_ranges() -> None:
    found = draws(EVERYTHING, 5000, seed=0, epoch=0)
    assert found.shift is not None and found.colour is not None
    assert sorted(np.unique(found.shift).tolist()) == [-3, -2, -1, 0, 1, 2, 3]
    low, high = found.colour.min(axis=0), found.colour.max(axis=0)
    np.testing.assert_allclose(low, [0.8, 0.6, 0.0], atol=0.01)
    np.testing.assert_allclose(high, [1.2, 1.4, 2.0], atol=0.01)
    np.testing.assert_allclose(found.colour.mean(axis=0), 1, atol=0.03)


@given(crop=st.integers(0, 5), contrast=st.sampled_from([0.0, 0.3]), flip=st.booleans())
def test_draws_when_another_change_is_added_then_those_before_stay(
    crop: int, contrast: float, flip: bool
) -> None:
    found = draws(Augment(flip=flip, crop=crop, contrast=contrast), 20, seed=1, epoch=2)
    if flip:
        np.testing.assert_array_equal(found.flip, draws(Augment(), 20, 1, 2).flip)
    if crop:
        np.testing.assert_array_equal(found.shift, draws(Augment(crop=crop), 20, 1, 2).shift)
    if contrast:
        alone = draws(Augment(contrast=contrast), 20, 1, 2)
        np.testing.assert_array_equal(found.colour, alone.colour)


def test_take_when_numbers_repeat_then_their_draws_repeat() -> None:
    whole = draws(EVERYTHING, 10, seed=0, epoch=0)
    found = whole.take(np.array([4, 4, 1]))
    for name in ("flip", "shift", "colour"):
        column = getattr(whole, name)
        np.testing.assert_array_equal(getattr(found, name), column[[4, 4, 1]])


@pytest.mark.parametrize("wrong", [{"crop": -1}, {"brightness": 1.5}, {"hue": 0.1}])
def test_config_when_a_value_is_wrong_then_is_refused(wrong: dict) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Augment.parse(wrong)
