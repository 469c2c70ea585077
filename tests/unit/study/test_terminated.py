import os
import signal
import threading

import pytest

from frlib.study import terminated


def test_sigterm_when_it_comes_then_it_asks_and_a_second_one_interrupts() -> None:
    before = signal.getsignal(signal.SIGTERM)
    asked: list[int] = []
    with pytest.raises(KeyboardInterrupt), terminated.asking(lambda: asked.append(1)):
        os.kill(os.getpid(), signal.SIGTERM)
        assert asked == [1]
        os.kill(os.getpid(), signal.SIGTERM)
    assert asked == [1]
    assert signal.getsignal(signal.SIGTERM) is before


def test_sigterm_when_something_takes_the_handler_then_it_is_put_back() -> None:
    asked: list[int] = []
    with terminated.asking(lambda: asked.append(1)):
        with terminated.kept():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.kill(os.getpid(), signal.SIGTERM)
    assert asked == [1]


def test_sigterm_when_nothing_handled_it_then_a_new_handler_stays() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with terminated.kept():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_asking_when_not_in_the_main_thread_then_nothing_is_changed() -> None:
    before = signal.getsignal(signal.SIGTERM)
    inside: list[object] = []

    def run() -> None:
        with terminated.asking(lambda: None):
            inside.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert inside == [before]
