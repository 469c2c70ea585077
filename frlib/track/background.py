"""A mirror beside running work: a daemon thread that sends every few seconds and never raises."""

import logging
import threading
from typing import Protocol

from frlib.core.errors import TrackingError

log = logging.getLogger(__name__)
_LONGEST_PAUSE_S = 60.0


class Syncs(Protocol):
    """What is fed: `frlib.track.mirror.Mirror`."""

    def sync(self, *, ended: bool) -> None:
        """Send what the server lacks."""


class Background:
    """Syncs a mirror while its study runs. `error` is the last failure, None after a success.

    While the server does not answer the pauses double up to a minute. Nothing is lost: records
    are files, and a later sync sends them.
    """

    def __init__(self, mirror: Syncs, every_s: float = 5.0) -> None:
        """Start the thread at once."""
        self.error: TrackingError | None = None
        self._mirror = mirror
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="frlib-mirror", daemon=True)
        self._thread.start()

    def close(self, timeout_s: float = 60.0) -> TrackingError | None:
        """Stop the thread, send the rest, and return the failure of that, if any."""
        self._stop.set()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self.error = self.error or TrackingError(
                f"the tracking server has not answered for {timeout_s:.0f} s; "
                "`frlib track sync NAME` sends the rest later"
            )
        else:
            self._once(ended=True)
        return self.error

    def _loop(self) -> None:
        pause = self._every_s
        while not self._stop.wait(pause):
            self._once(ended=False)
            failing = self.error is not None
            pause = min(2 * pause, _LONGEST_PAUSE_S) if failing else self._every_s

    def _once(self, *, ended: bool) -> None:
        try:
            self._mirror.sync(ended=ended)
        except TrackingError as error:
            self._failed(error)
        except Exception as error:
            self._failed(
                TrackingError(
                    f"the mirror could not read the records ({type(error).__name__}: {error}); "
                    "`frlib track sync NAME` tries again"
                )
            )
        else:
            if self.error is not None:
                log.info("the tracking server answers again; everything recorded has been sent")
            self.error = None

    def _failed(self, error: TrackingError) -> None:
        if self.error is None:
            log.warning("%s", error)
        self.error = error
