"""Run a function over chunks in threads: decoding and hashing release the interpreter lock."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def usable_cores() -> int:
    """CPU cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def over(items: Sequence[T], work: Callable[[T], R]) -> list[R]:
    """`[work(item) for item in items]` on up to 16 threads; an error cancels what has not begun."""
    with ThreadPoolExecutor(max_workers=min(16, usable_cores())) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
