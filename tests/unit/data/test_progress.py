import logging

import pytest

from frlib.data.progress import Progress

LOG = logging.getLogger("frlib.test")


def test_progress_when_time_passes_then_says_how_far_and_how_long(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with caplog.at_level(logging.INFO):
        progress = Progress(LOG, "decoding", 4000, every_s=10)
        now[0] = 105.0
        progress.advance(500)
        now[0] = 112.0
        progress.advance(500)
        now[0] = 148.0
        progress.advance(3000)
        progress.finish()
    assert caplog.messages == [
        "decoding: 1,000 of 4,000 (25 %), about 36 s left",
        "decoding: 4,000 done in 48.0 s",
    ]
