"""A process that is lent to one trial after another."""

import os
import random

import numpy as np
import pytest
import torch

from frlib.rayrun.lent import lent


def test_lent_when_everything_is_changed_inside_then_it_is_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRLIB_TEST_GONE", "before")
    threads, drawn = torch.get_num_threads(), random.getstate()
    numbers, torch_state = np.random.get_state()[1], torch.get_rng_state()
    with lent():
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(threads + 1)
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.set_grad_enabled(False)
        torch.rand(1), random.random(), np.random.rand()
        del os.environ["FRLIB_TEST_GONE"]
        os.environ["FRLIB_TEST_NEW"] = "1"
    assert torch.get_default_dtype() is torch.float32
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.is_grad_enabled()
    assert random.getstate() == drawn
    assert np.array_equal(np.random.get_state()[1], numbers)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert os.environ["FRLIB_TEST_GONE"] == "before" and "FRLIB_TEST_NEW" not in os.environ


def test_lent_when_the_trial_fails_then_the_process_is_as_before_and_the_error_goes_on() -> None:
    with pytest.raises(RuntimeError, match="no"), lent():
        torch.set_default_dtype(torch.float64)
        raise RuntimeError("no")
    assert torch.get_default_dtype() is torch.float32
