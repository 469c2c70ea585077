"""Writes what happens inside an epoch into the records of an attempt."""

import time
from collections.abc import Mapping

from frlib.records.write import RunWriter

FLUSH_S = 30.0


class Noting:
    """A `Listener`; deaf where there is no writer. Points reach the disk every half minute."""

    def __init__(self, writer: RunWriter | None) -> None:
        self._writer = writer
        self._flushed = time.monotonic()

    def point(self, row: Mapping[str, float], *, epoch: int, step: int) -> None:
        """As metrics."""
        if self._writer is None:
            return
        self._writer.log(row, epoch=epoch, step=step)
        if time.monotonic() - self._flushed > FLUSH_S:
            self._flush()

    def event(self, name: str, message: str) -> None:
        """At once."""
        if self._writer is not None:
            self._writer.event(name, message, level="WARNING")
            self._flush()

    def _flush(self) -> None:
        assert self._writer is not None, "only called with one"
        self._writer.flush()
        self._flushed = time.monotonic()
