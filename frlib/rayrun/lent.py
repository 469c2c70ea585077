"""A worker process that is used for one trial after another: each one finds it as the first did.

What a trial, or a part from another package, changes in the process itself is put back: torch's
default type and number of threads, deterministic algorithms, generators on the CPU, the
environment. Memory that is cached is no part of it.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def lent() -> Iterator[None]:
    """The process is inside as it was, and afterwards as it was before."""
    environment = dict(os.environ)
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    autograd = torch.is_grad_enabled()
    drawn, numbers = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(drawn)
        np.random.set_state(numbers)
        torch.set_grad_enabled(autograd)
        torch.use_deterministic_algorithms(strict, warn_only=warns)
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)
