"""What an arm is at before a replicate of it trains: a line in its folder, gone once it trains."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from frlib.core import safeio

_FILE = "doing.txt"


@contextmanager
def told(arm: Path) -> Iterator[Callable[[str], None]]:
    """Yields what writes the line, and takes it away at the end; arm: its folder."""
    path = arm / _FILE

    def say(text: str) -> None:
        safeio.write_text(path, text)

    try:
        yield say
    finally:
        safeio.remove(path)


def read(arm: Path) -> str:
    """The line; empty where there is none. One may be left of a process that was killed."""
    try:
        return (arm / _FILE).read_text()
    except OSError:
        return ""
