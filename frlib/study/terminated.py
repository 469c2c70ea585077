"""SIGTERM, as `ray job stop`, a scheduler or a shell sends it: stop, and leave all resumable.

The first asks as `frlib study stop` does; a second one interrupts at once, as Ctrl-C does.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def asking(ask: Callable[[], None]) -> Iterator[None]:
    """While it is open, SIGTERM calls `ask`. Nothing in other threads than the main one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    was_asked = False

    def told(number: int, frame: FrameType | None) -> None:
        nonlocal was_asked
        if was_asked:
            raise KeyboardInterrupt
        was_asked = True
        ask()

    before = signal.signal(signal.SIGTERM, told)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def kept() -> Iterator[None]:
    """Puts a handler back that the body has replaced, as `ray.init` does."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if callable(before) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
