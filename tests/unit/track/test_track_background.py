import logging
import threading

import pytest

from frlib.core.errors import TrackingError
from frlib.track.background import Background


class Fake:
    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls: list[bool] = []
        self.synced = threading.Event()

    def sync(self, *, ended: bool) -> None:
        self.calls.append(ended)
        if len(self.calls) <= self.failures:
            raise TrackingError("http://x: down")
        self.synced.set()


def test_background_when_the_server_comes_back_then_the_error_is_gone() -> None:
    fake = Fake(failures=2)
    background = Background(fake, every_s=0.01)
    assert fake.synced.wait(10)
    assert background.close() is None
    assert fake.calls[0] is False
    assert fake.calls[-1] is True


def test_background_when_the_server_stays_away_then_close_returns_the_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        background = Background(Fake(failures=10**9), every_s=0.01)
        error = background.close()
    assert isinstance(error, TrackingError)
    assert [record.message for record in caplog.records] == ["http://x: down"]


def test_background_when_the_mirror_breaks_then_the_caller_sees_a_tracking_error() -> None:
    class Broken:
        def sync(self, *, ended: bool) -> None:
            raise ValueError("unforeseen")

    error = Background(Broken(), every_s=60).close()
    assert error is not None
    assert "ValueError: unforeseen" in str(error)
