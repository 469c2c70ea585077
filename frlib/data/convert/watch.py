"""How far a conversion is, for whoever waits for it."""

import logging
from typing import Protocol

from frlib.data.progress import Progress

_log = logging.getLogger(__name__)


class Watch(Protocol):
    """Is told of one piece of work after the other."""

    def begin(self, what: str, total: int, done: int) -> None:
        """`what` has `total` images, of which `done` were done before."""
        ...

    def advance(self, images: int) -> None:
        """So many more are done."""
        ...

    def end(self) -> None:
        """The piece of work is done."""
        ...


class Logged:
    """Lines in the log."""

    def begin(self, what: str, total: int, done: int) -> None:
        """A line with the count if something was done before."""
        if done:
            _log.info("%s: going on after %s of %s", what, f"{done:,}", f"{total:,}")
        self._progress = Progress(_log, what, total - done)

    def advance(self, images: int) -> None:
        """A line now and then."""
        self._progress.advance(images)

    def end(self) -> None:
        """A line with the time."""
        self._progress.finish()
