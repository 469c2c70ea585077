"""Named random streams."""

import numpy as np

from frlib.core.seeds import stream, torch_seed


def test_stream_when_named_alike_then_repeats() -> None:
    assert np.array_equal(stream(3, "order", 1).random(8), stream(3, "order", 1).random(8))


def test_stream_when_seed_or_name_differs_then_differs() -> None:
    draws = {
        stream(seed, *names).random()
        for seed in (0, 1)
        for names in (("a",), ("b",), ("a", 1), ("a1",))
    }
    assert len(draws) == 8


def test_stream_when_drawn_today_then_equals_the_recorded_value() -> None:
    assert stream(0, "noise").integers(2**32) == 3487321568
    assert 0 <= torch_seed(0, "init") < 2**63
