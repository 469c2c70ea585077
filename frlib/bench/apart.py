"""Work in a process of its own, with as many threads in numpy's products as asked for.

Numpy's matrix library reads its number of threads when it is loaded, so a running process cannot
be held to one.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from frlib.core.errors import BenchmarkError

_READ_BY = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
Given = ParamSpec("Given")
Found = TypeVar("Found")


def run(
    threads: int, work: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs
) -> Found:
    """What `work` returns in a new process; `BenchmarkError` if that died."""
    spawn = multiprocessing.get_context("spawn")
    with _threads(threads), ProcessPoolExecutor(1, mp_context=spawn) as pool:
        try:
            return pool.submit(work, *args, **kwargs).result()
        except BrokenProcessPool:
            raise BenchmarkError(
                "the process that measured died, most likely for lack of memory; use smaller sizes"
            ) from None


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _READ_BY}
    os.environ.update(dict.fromkeys(_READ_BY, str(count)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
