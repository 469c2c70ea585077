import time

import pytest

from frlib.data import threads


def test_over_when_work_differs_in_length_then_results_in_order() -> None:
    def work(item: int) -> int:
        time.sleep(0.01 * (3 - item))
        return item * item

    assert threads.over(range(4), work) == [0, 1, 4, 9]


def test_over_when_one_fails_then_its_error_and_the_rest_is_not_begun() -> None:
    begun = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 0:
            raise ValueError("zero")
        time.sleep(0.01)

    with pytest.raises(ValueError, match="zero"):
        threads.over(range(500), work)
    assert len(begun) < 500
