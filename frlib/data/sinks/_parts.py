"""Sinks that write part files: `part-00000.<suffix>`, each of a fixed number of images.

A file that is not finished cannot be gone on with, so a mark covers whole parts; what came after
them is written again. Choose parts small enough that this does not hurt.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from frlib.data.sink import Item, Mark


class Part(Protocol):
    """One file that is being written."""

    def add(self, item: Item) -> None:
        """One more image."""
        ...

    def close(self) -> None:
        """Write what stands at the end of the file, and close it."""
        ...


class PartedSink:
    """Images into parts of `rows` each. `begin`: a new part at a path.

    `keep`: what a sink adds to the mark at the end of a part.
    """

    def __init__(
        self,
        folder: Path,
        suffix: str,
        rows: int,
        begin: Callable[[Path], Part],
        mark: Mark | None,
        keep: Callable[[], Mark] = dict,
    ) -> None:
        self._folder, self._suffix, self._rows = folder, suffix, rows
        self._begin, self._keep = begin, keep
        self._safe = mark or {"rows": 0, "parts": 0, **keep()}
        self._part: Part | None = None
        self._in_part = 0
        number = self._safe["parts"]
        while self._path(number).exists():
            self._path(number).unlink()
            number += 1

    def add(self, item: Item) -> None:
        """One more image, perhaps the last of its part."""
        if self._part is None:
            self._part = self._begin(self._path(self._safe["parts"]))
        self._part.add(item)
        self._in_part += 1
        if self._in_part == self._rows:
            self._end()

    def commit(self) -> Mark:
        """The mark after the last whole part, which is on disk."""
        return self._safe

    def finish(self) -> None:
        """Close the last part."""
        if self._part is not None:
            self._end()

    def close(self) -> None:
        """Let go of a part that was not finished; the next run removes it."""
        if self._part is not None:
            with suppress(OSError):
                self._part.close()
            self._part = None

    def _path(self, number: int) -> Path:
        return self._folder / f"part-{number:05d}{self._suffix}"

    def _end(self) -> None:
        assert self._part is not None
        self._part.close()
        _to_disk(self._path(self._safe["parts"]))
        self._safe = {
            "rows": self._safe["rows"] + self._in_part,
            "parts": self._safe["parts"] + 1,
            **self._keep(),
        }
        self._part, self._in_part = None, 0


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
