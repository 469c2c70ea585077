"""Log lines while a long job runs: how far, and about how much longer."""

import logging
import threading
import time


class Progress:
    """Counts finished items (from any thread) and logs at most once in `every_s` seconds."""

    def __init__(self, logger: logging.Logger, what: str, total: int, every_s: float = 10) -> None:
        self._logger, self._what, self._total, self._every_s = logger, what, total, every_s
        self._done = 0
        self._start = self._last = time.monotonic()
        self._lock = threading.Lock()

    def advance(self, items: int = 1) -> None:
        """Count `items` more as done."""
        with self._lock:
            self._done += items
            now = time.monotonic()
            if now - self._last < self._every_s or self._done >= self._total:
                return
            self._last = now
            left_s = (now - self._start) / self._done * (self._total - self._done)
            self._logger.info(
                "%s: %s of %s (%.0f %%), about %.0f s left",
                self._what,
                f"{self._done:,}",
                f"{self._total:,}",
                100 * self._done / self._total,
                left_s,
            )

    def finish(self) -> None:
        """Log the total and the time it took."""
        self._logger.info(
            "%s: %s done in %.1f s", self._what, f"{self._done:,}", time.monotonic() - self._start
        )
