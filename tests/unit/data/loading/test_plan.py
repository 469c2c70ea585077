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


def test_plan_when_the_batch_does_not_divide_then_says_both_numbers() -> None:
    with pytest.raises(ConfigError, match="batch_size=16 does not divide into 3 workers"):
        Plan(100, 16, 3)


def test_plan_when_nothing_is_left_then_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"batch_size=64, but only 48 .* set last_batch=fill"):
        Plan(48, 64)
    assert Plan(48, 64, last_batch="fill").steps == 1
