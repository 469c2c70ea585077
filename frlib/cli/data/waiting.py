"""What is shown while data work runs: a bar in a terminal, lines in a log otherwise; on stderr."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from frlib.data.convert.watch import Watch

_LOGGER = "frlib.data"


@contextmanager
def shown() -> Iterator["Watch"]:
    """Somebody to tell how far the work is. What the library logs about it is shown as well."""
    from frlib.data.convert.watch import Logged

    logger = logging.getLogger(_LOGGER)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        if sys.stderr.isatty():
            with _bar(logger) as bar:
                yield bar
        else:
            yield Logged()
    finally:
        logger.setLevel(level)


@contextmanager
def _bar(logger: logging.Logger) -> Iterator["Watch"]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, highlight=False)
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=console,
    )
    handler = _Above(console)
    logger.addHandler(handler)
    logger.propagate = False
    try:
        with progress:
            yield Bar(progress)
    finally:
        logger.propagate = True
        logger.removeHandler(handler)


class Bar:
    """A `Watch` with a bar, speed and time left for every piece of work."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress

    def begin(self, what: str, total: int, done: int) -> None:
        """A new bar."""
        self._task = self._progress.add_task(what, total=total, completed=done, speed="")

    def advance(self, images: int) -> None:
        """Move it."""
        self._progress.advance(self._task, images)
        speed = self._progress.tasks[-1].speed
        self._progress.update(self._task, speed=f"{speed:,.0f} images/s" if speed else "")

    def end(self) -> None:
        """Stop its clock."""
        self._progress.stop_task(self._task)


class _Above(logging.Handler):
    """Log lines above the bar."""

    def __init__(self, console: "Console") -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.print(record.getMessage(), markup=False)
