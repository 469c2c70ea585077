import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frlib.core.errors import ConfigError, DataError
from frlib.data.loading.plan import Plan


@given(
    draws=st.integers(1, 60),
    share=st.integers(1, 5),
    world=st.integers(1, 4),
    last=st.sampled_from(["drop", "fill"]),
)
def test_places_when_workers_are_joined_then_the_order_with_its_stated_end(
    draws: int, share: int, world: int, last: str
) -> None:
    batch = share * world
    if last == "drop" and draws < batch:
        return
    plan = Plan(draws, batch, world, last)
    steps = [
        np.concatenate([plan.places(step, rank) for rank in range(world)])
        for step in range(plan.steps)
    ]
    assert all(len(step) == batch for step in steps)
    joined = np.concatenate(steps)
    if last == "drop":
        np.testing.assert_array_equal(joined, np.arange(draws // batch * batch))
    else:
        assert len(joined) - draws < batch
        np.testing.assert_array_equal(joined, np.resize(np.arange(draws), len(joined)))


@given(part=st.integers(1, 3), world=st.integers(1, 4), pieces=st.integers(1, 4))
def test_places_when_a_step_is_done_in_pieces_then_each_is_a_run_of_the_order(
    part: int, world: int, pieces: int
) -> None:
    batch = part * world * pieces
    plan = Plan(3 * batch, batch, world, pieces=pieces)
    all_wps = np.stack([plan.places(1, rank).reshape(pieces, part) for rank in range(world)])
    np.testing.assert_array_equal(all_wps.swapaxes(0, 1).ravel(), np.arange(batch, 2 * batch))


def test_plan_when_a_share_does_not_divide_into_pieces_then_says_all_numbers() -> None:
    with pytest.raises(ConfigError, match=r"accumulate=3 does not divide the 8 images .* of 2 w"):
        Plan(100, 16, 2, pieces=3)


def test_plan_when_the_batch_does_not_divide_then_says_both_numbers() -> None:
    with pytest.raises(ConfigError, match="batch_size=16 does not divide into 3 workers"):
        Plan(100, 16, 3)


def test_plan_when_nothing_is_left_then_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"batch_size=64, but only 48 .* set last_batch=fill"):
        Plan(48, 64)
    assert Plan(48, 64, last_batch="fill").steps == 1
